import { datas } from "../streamed_answer.ts";
import type { Outcome } from "./judge.ts";

export interface Question {
  readonly model: string;
  readonly question: string;
  readonly stream: boolean;
  readonly limitMs: number;
}

/** Asks once, and says how it ended; never fails. */
export async function ask(apiUrl: string, { limitMs, ...asked }: Question): Promise<Outcome> {
  const limit = new AbortController();
  const hangs = Promise.withResolvers<Outcome>();
  const timer = setTimeout(() => {
    hangs.resolve({ kind: "hangs", afterMs: limitMs });
    limit.abort();
  }, limitMs);
  try {
    const outcome = outcomeOf(apiUrl, asked, limit.signal).catch((error): Outcome => ({
      kind: "broken",
      reason: String(error?.cause ?? error),
    }));
    return await Promise.race([outcome, hangs.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function outcomeOf(
  apiUrl: string,
  { model, question, stream }: Omit<Question, "limitMs">,
  signal: AbortSignal,
): Promise<Outcome> {
  const response = await fetch(`${apiUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: question }],
      temperature: 0,
      stream,
    }),
    signal,
  });
  if (!response.ok) {
    return { kind: "refused", status: response.status, body: await response.text() };
  }
  return stream ? await streamed(response) : whole(await response.text());
}

function whole(body: string): Outcome {
  const { choices } = JSON.parse(body);
  const [{ message, finish_reason }] = choices;
  return { kind: "answer", text: message.content, ends: 1, finishReasons: [finish_reason] };
}

async function streamed(response: Response): Promise<Outcome> {
  let text = "";
  let ends = 0;
  const finishReasons: string[] = [];
  let failure: string | null = null;
  for await (const data of datas(response)) {
    if (data === "[DONE]") {
      ends++;
      continue;
    }
    const { choices = [], error } = JSON.parse(data);
    if (error !== undefined) failure = data;
    const [choice] = choices;
    text += choice?.delta?.content ?? "";
    if (choice?.finish_reason) finishReasons.push(choice.finish_reason);
  }
  if (failure !== null) return { kind: "error-event", data: failure };
  return { kind: "answer", text, ends, finishReasons };
}
