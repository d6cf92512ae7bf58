/** Tokens per second of one stream, as whoever asks sees them. */

export interface StreamRate {
  readonly tokensPerSecond: number;
  readonly firstByteMs: number;
}

export interface RateOptions {
  readonly model: string;
  readonly tokens: number;
  readonly apiKey?: string | null;
}

/** Measured from the first token to the last, so that the prompt does not count. */
export async function streamRate(baseUrl: string, options: RateOptions): Promise<StreamRate> {
  const startedMs = performance.now();
  const response = await fetch(`${baseUrl}/v1/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {}),
    },
    body: JSON.stringify({
      model: options.model,
      prompt: "user: what is a mesh?\nassistant: ",
      max_tokens: options.tokens,
      temperature: 0,
      ignore_eos: true,
      stream: true,
    }),
  });
  if (!response.ok || response.body === null) {
    throw new Error(`${baseUrl} answered ${response.status}: ${await response.text()}`);
  }
  const arrivals: number[] = [];
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const events = text.split("\n\n").filter((event) => event.startsWith("data: {")).length;
    arrivals.push(...Array<number>(events).fill(performance.now()));
  }
  const [first = NaN] = arrivals;
  const spanMs = (arrivals.at(-1) ?? NaN) - first;
  return {
    tokensPerSecond: (arrivals.length - 1) / spanMs * 1_000,
    firstByteMs: first - startedMs,
  };
}
