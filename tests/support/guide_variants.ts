/** The guide's tensors in files that say something else of what they are for. */

import { fileURLToPath } from "node:url";
import { GgufCursor } from "../../src/models/gguf/gguf_cursor.ts";
import {
  entry,
  type MetadataEntry,
  takeApart,
  type TensorToWrite,
  writeGguf,
} from "./gguf_writer.ts";

const GUIDE = fileURLToPath(new URL("../../src/models/guide/guide.gguf", import.meta.url));

/** llama.cpp's numbers. */
const POOLING_TYPES = { embeddings: 1, reranking: 4 };

/** A model that gives vectors, or scores. */
export function writePooledModel(path: string, purpose: keyof typeof POOLING_TYPES): void {
  const { metadata, tensors } = takeApart(Deno.readFileSync(GUIDE));
  const pooling = entry("llama.pooling_type", POOLING_TYPES[purpose]);
  writeGguf(path, { metadata: replaced(metadata, pooling), tensors });
}

/** The guide's own template where there are no tools, so that it gives the guide's answers. */
const TEMPLATE = [
  "{%- for tool in tools or [] %}{{- tool | tojson }}{%- endfor %}",
  "{%- for m in messages %}",
  "{{- m['role'] + ': ' }}",
  "{%- if m['content'] %}{{- m['content'] }}{%- endif %}",
  "{%- for call in m['tool_calls'] or [] %}",
  `{{- '{"name": "' + call.function.name + '", "parameters": ' }}`,
  "{{- call.function.arguments | tojson }}{{- '}' }}",
  "{%- endfor %}",
  "{%- if not (loop.last and m['role'] == 'assistant') %}{{- '\n' }}{%- endif %}",
  "{%- endfor %}",
  "{%- if add_generation_prompt %}{{- 'assistant: ' }}{%- endif %}",
].join("");

/** A token that the guide's answer to `hello` does without. */
const GIVEN_UP = "b";

/** The beginning of a call by that template. Before it llama-server's grammar lets a model say anything. */
const CALL = "{";

const OUTPUT = "output.weight";
const ROW_BYTES = 96 * 2;

/**
 * A model that calls tools when it must: where the guide would say the letter that is given up, it says
 * the brace, and then the grammar leaves no choice.
 */
export function writeToolModel(path: string): void {
  const { metadata, tensors } = takeApart(Deno.readFileSync(GUIDE));
  const [from, to] = [GIVEN_UP, CALL].map((token) => tokenNumber(metadata, token) * ROW_BYTES);
  const changed = tensors.map((tensor): TensorToWrite =>
    tensor.name !== OUTPUT ? tensor : {
      ...tensor,
      fill: (bytes) => {
        tensor.fill?.(bytes);
        bytes.set(doubled(bytes.slice(from, from! + ROW_BYTES)), to);
      },
    }
  );
  const template = entry("tokenizer.chat_template", TEMPLATE);
  writeGguf(path, { metadata: replaced(metadata, template), tensors: changed });
}

function tokenNumber(metadata: readonly MetadataEntry[], token: string): number {
  const tokens = metadata.find(({ key }) => key === "tokenizer.ggml.tokens");
  if (tokens === undefined) throw new TypeError("The guide has no tokens");
  const cursor = new GgufCursor(tokens.value);
  cursor.skip(4); // the type of its elements
  const all = Array.from({ length: cursor.u64() }, () => cursor.text(1_000, "a token"));
  return all.indexOf(token);
}

/** f16 numbers times two: their exponents are one higher. */
function doubled(bytes: Uint8Array): Uint8Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  return new Uint8Array(halves.map((half) => (half & 0x7c00) === 0 ? half : half + 0x0400).buffer);
}

function replaced(metadata: readonly MetadataEntry[], changed: MetadataEntry): MetadataEntry[] {
  return [...metadata.filter(({ key }) => key !== changed.key), changed];
}
