/** Calls that tests make to a node's two ports. */

import type { Status } from "../../src/api/mod.ts";

export interface ChatOptions {
  /** @default {false} */
  readonly stream?: boolean;
  /** Left to the node unless said. */
  readonly model?: string;
  readonly apiKey?: string;
  readonly signal?: AbortSignal;
}

/** The answer's text, at temperature 0: the guide gives the same one every time. */
export async function chat(
  apiUrl: string,
  question: string,
  options: ChatOptions = {},
): Promise<string> {
  const response = await askChat(apiUrl, question, options);
  if (!response.ok) throw new Error(`Chat answered ${response.status}: ${await response.text()}`);
  if (options.stream) {
    return (await Array.fromAsync(deltas(response))).join("");
  }
  const { choices } = await response.json();
  return choices[0].message.content;
}

/** The response as it comes, whatever its status. */
export function askChat(
  apiUrl: string,
  question: string,
  { stream = false, model, apiKey, signal }: ChatOptions = {},
): Promise<Response> {
  return fetch(`${apiUrl}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({
      ...(model === undefined ? {} : { model }),
      messages: [{ role: "user", content: question }],
      temperature: 0,
      stream,
    }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The pieces of a streamed answer, as they come. */
export async function* deltas(response: Response): AsyncGenerator<string> {
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) yield deltaOf(event);
  }
}

/** One event of the stream: `data: {...}` or `data: [DONE]`. */
function deltaOf(event: string): string {
  const data = event.replace(/^data: /, "");
  if (data === "[DONE]" || !event.startsWith("data: ")) return "";
  const { choices, error } = JSON.parse(data);
  if (error !== undefined) throw new Error(`The stream broke: ${error.message}`);
  return choices[0]?.delta?.content ?? "";
}

export async function status(consoleUrl: string): Promise<Status> {
  const response = await fetch(`${consoleUrl}/api/status`);
  if (!response.ok) throw new Error(`Status answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
