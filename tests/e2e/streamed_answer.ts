/** A streamed chat answer, with everything in it that could be wrong. */

export interface StreamedAnswer {
  readonly text: string;
  readonly ids: ReadonlySet<string>;
  readonly finishReasons: readonly string[];
  readonly usage: Readonly<Record<string, number>>;
  /** How often `[DONE]` came. */
  readonly ends: number;
}

export interface StreamOptions {
  readonly model: string;
  readonly question: string;
  /** `then` is called with the answering host once so many pieces of text have come. */
  readonly at: number;
  readonly then: (host: string) => void;
  /** Further parameters of the request. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** @throws where the answer is or ends in an error. */
export async function streamedAnswer(
  apiUrl: string,
  { model, question, at, then, more = {} }: StreamOptions,
): Promise<StreamedAnswer> {
  const response = await fetch(`${apiUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: question }],
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      ...more,
    }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const answer = { text: "", ids: new Set<string>(), finishReasons: [] as string[], ends: 0 };
  let usage = {};
  let pieces = 0;
  for await (const data of datas(response)) {
    if (data === "[DONE]") {
      answer.ends++;
      continue;
    }
    const chunk = JSON.parse(data);
    if (chunk.error !== undefined) throw new Error(`The stream ended in ${data}`);
    answer.ids.add(chunk.id);
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices;
    if (choice?.finish_reason) answer.finishReasons.push(choice.finish_reason);
    if (!choice?.delta?.content) continue;
    answer.text += choice.delta.content;
    if (++pieces === at) then(response.headers.get("x-mesh-host") ?? "");
  }
  return { ...answer, usage };
}

/** The data of each event of a stream. */
export async function* datas(response: Response): AsyncGenerator<string> {
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) if (event.startsWith("data: ")) yield event.slice(6);
  }
}
