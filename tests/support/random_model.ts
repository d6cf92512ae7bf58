/** Models of random weights: every byte of them matters to what they say, which is nothing. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { entry, takeApart, type TensorToWrite, writeGguf } from "./gguf_writer.ts";

export interface RandomModelOptions {
  readonly layers: number;
  /** Multiple of 64. @default {1024} */
  readonly embedding?: number;
  /** Of feed-forward; 8192 makes tensors of 16 MiB beside those of 2 MiB. @default {8192} */
  readonly width?: number;
  /** The context that it says it was trained for. @default the guide's, 2,048 */
  readonly trained?: number;
  /** @default {1} */
  readonly seed?: number;
}

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);
const CACHE = fileURLToPath(new URL("../../.cache/random/", import.meta.url));
const HEAD = 64;
const F16_BYTES = 2;
const F32_BYTES = 4;

/** Some 59 MB a layer by default. Written once into the checkout's cache. */
export function cachedRandomModel(options: RandomModelOptions): string {
  const { layers, embedding = 1024, width = 8192, seed = 1, trained } = options;
  const context = trained === undefined ? "" : `-c${trained}`;
  const name = `random-l${layers}-e${embedding}-w${width}-s${seed}${context}.gguf`;
  const path = join(CACHE, name);
  try {
    Deno.statSync(path);
  } catch {
    Deno.mkdirSync(CACHE, { recursive: true });
    const part = `${path}.${Deno.pid}.part`;
    writeRandomModel(part, options);
    Deno.renameSync(part, path);
  }
  return path;
}

export function writeRandomModel(path: string, options: RandomModelOptions): void {
  const { layers, embedding = 1024, width = 8192, seed = 1, trained } = options;
  const guide = takeApart(Deno.readFileSync(GUIDE));
  const random = randomHalves(seed);
  const [oldEmbedding, oldWidth] = [96, 256];
  const resized = (tensor: TensorToWrite, name: string): TensorToWrite => {
    const shape = tensor.shape.map((size) =>
      size === oldEmbedding ? embedding : size === oldWidth ? width : size
    );
    const elements = shape.reduce((product, size) => product * size, 1);
    const isNorm = tensor.type === 0;
    return {
      name,
      type: tensor.type,
      shape,
      byteLength: elements * (isNorm ? F32_BYTES : F16_BYTES),
      fill: isNorm ? ones : random,
    };
  };
  const layer = guide.tensors.filter(({ name }) => name.startsWith("blk.0."));
  const others = guide.tensors.filter(({ name }) => !name.startsWith("blk."));
  const sizes: Readonly<Record<string, number>> = {
    "llama.block_count": layers,
    "llama.embedding_length": embedding,
    "llama.feed_forward_length": width,
    "llama.attention.head_count": embedding / HEAD,
    "llama.attention.head_count_kv": embedding / HEAD,
    "llama.rope.dimension_count": HEAD,
    ...(trained === undefined ? {} : { "llama.context_length": trained }),
  };
  writeGguf(path, {
    metadata: guide.metadata.map((old) => {
      const size = sizes[old.key];
      return size === undefined ? old : entry(old.key, size);
    }),
    tensors: [
      ...others.map((tensor) => resized(tensor, tensor.name)),
      ...Array.from(
        { length: layers },
        (_, index) =>
          layer.map((tensor) => resized(tensor, tensor.name.replace("blk.0.", `blk.${index}.`))),
      )
        .flat(),
    ],
  });
}

function ones(bytes: Uint8Array): void {
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / F32_BYTES).fill(1);
}

/** f16 numbers of random sign between 1/64 and 1/32: small enough that sums of thousands stay finite. */
function randomHalves(seed: number): (bytes: Uint8Array) => void {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return (bytes) => {
    const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    for (let index = 0; index < pairs.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      pairs[index] = (state & 0x83ff83ff) | 0x24002400;
    }
  };
}
