/** Ollama's requests as OpenAI's, with llama-server's own fields beside them. Pure. */

import type { ChatFields, GenerateFields, Message } from "./fields.ts";
import { dataUrlOf } from "./images.ts";
import { refuseGiven, samplingOf, thinkingOf } from "./options.ts";

type Json = Record<string, unknown>;

/** A request as the gateway takes it. */
export interface Translated {
  readonly path: "/v1/chat/completions" | "/v1/completions" | "/infill";
  readonly body: Json;
}

/** `null` where nothing is asked, which only loads the model. @throws {RefusedError} */
export function chatRequest(fields: ChatFields): Translated | null {
  const { messages = [], tools = [] } = fields;
  if (messages.length === 0) return null;
  return {
    path: "/v1/chat/completions",
    body: {
      ...writing(fields),
      messages: messagesOf(messages),
      ...(tools.length === 0
        ? {}
        : { tools: tools.map((tool) => ({ type: "function", ...tool })) }),
    },
  };
}

/** `null` where nothing is asked, which only loads the model. @throws {RefusedError} */
export function generateRequest(fields: GenerateFields): Translated | null {
  const { prompt = "", suffix = "", images = [], raw = false, context, template } = fields;
  refuseGiven({ template }, "each model has its own");
  refuseGiven({ context }, "send what was said so far to /api/chat");
  if (suffix !== "") return infillRequest(fields, suffix);
  if (prompt === "" && images.length === 0) return null;
  return raw ? rawRequest(fields, prompt) : {
    path: "/v1/chat/completions",
    body: { ...writing(fields), messages: promptMessages(fields) },
  };
}

function promptMessages({ prompt = "", system = "", images }: GenerateFields): Json[] {
  return [
    ...(system === "" ? [] : [{ role: "system", content: system }]),
    { role: "user", content: contentOf(prompt, images, "images") },
  ];
}

/** The prompt is the whole text that the model reads. */
function rawRequest(fields: GenerateFields, prompt: string): Translated {
  const { images, system, think, format = "" } = fields;
  refuseGiven({ images, system, think }, "with 'raw' the prompt is all that the model reads");
  const schema = format === "json" ? { type: "object" } : format;
  const { response_format: _, ...body } = writing(fields);
  return {
    path: "/v1/completions",
    body: { ...body, prompt, ...(schema === "" ? {} : { json_schema: schema }) },
  };
}

/** The model writes what stands between two texts. */
function infillRequest(fields: GenerateFields, suffix: string): Translated {
  const { prompt = "", images, system, think, format } = fields;
  refuseGiven({ images, system, think, format }, "with 'suffix' a model fills in a text");
  const { max_tokens, stream_options: _, ...body } = writing(fields);
  return {
    path: "/infill",
    body: {
      ...body,
      input_prefix: prompt,
      input_suffix: suffix,
      ...(max_tokens === undefined ? {} : { n_predict: max_tokens }),
    },
  };
}

/** The fields that chat and text have in common. */
function writing(fields: ChatFields | GenerateFields): Json {
  const { model, stream = true, format = "", think, options, logprobs } = fields;
  refuseGiven({ logprobs }, "ask /v1/chat/completions for them");
  return {
    model,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    ...samplingOf(options),
    ...thinkingOf(think),
    ...formatOf(format),
  };
}

function formatOf(format: NonNullable<ChatFields["format"]>): Json {
  if (format === "") return {};
  if (format === "json") return { response_format: { type: "json_object" } };
  const json_schema = { name: "answer", schema: format };
  return { response_format: { type: "json_schema", json_schema } };
}

/** Ollama's calls have no ids: the answers of tools follow their calls in order. */
function messagesOf(messages: readonly Message[]): Json[] {
  const open: { readonly id: string; readonly name: string }[] = [];
  let count = 0;
  return messages.map((message, index) => {
    const { role, content = "", thinking, tool_calls = [] } = message;
    const calls = tool_calls.map(({ id, function: { name, arguments: given = {} } }) => {
      const call = { id: id ?? `call_${count}`, name };
      count++;
      open.push(call);
      return {
        id: call.id,
        type: "function",
        function: { name, arguments: JSON.stringify(given) },
      };
    });
    return {
      role,
      content: contentOf(content, message.images, `messages.${index}.images`),
      ...(thinking === undefined ? {} : { reasoning_content: thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(role === "tool" ? { tool_call_id: answered(message, open) } : {}),
    };
  });
}

/** The call that a tool answers: the one it names, else the first of its name, else the first. */
function answered(
  { tool_call_id, tool_name, name = tool_name }: Message,
  open: { readonly id: string; readonly name: string }[],
): string {
  const isMeant = open.findIndex((call) => call.id === tool_call_id);
  const isNamed = open.findIndex((call) => call.name === name);
  const at = [isMeant, isNamed].find((found) => found !== -1) ?? 0;
  const [call] = open.splice(at, 1);
  return tool_call_id ?? call?.id ?? "call_0";
}

function contentOf(text: string, images: readonly string[] = [], field: string): unknown {
  if (images.length === 0) return text;
  return [
    ...(text === "" ? [] : [{ type: "text", text }]),
    ...images.map((image, index) => ({
      type: "image_url",
      image_url: { url: dataUrlOf(image, `${field}.${index}`) },
    })),
  ];
}
