/** The speed of one stream for its caller. */

export interface StreamOptions {
  readonly model: string;
  readonly tokens: number;
  readonly apiKey?: string | null;
}

/** Measured from the first token to the last, so that the prompt does not count. */
export async function tokensPerSecond(baseUrl: string, options: StreamOptions): Promise<number> {
  const response = await ask(baseUrl, options);
  const arrivals: number[] = [];
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = text.split("\n\n").filter((event) => event.startsWith("data: {")).length;
    arrivals.push(...Array<number>(events).fill(performance.now()));
  }
  const spanMs = (arrivals.at(-1) ?? NaN) - (arrivals[0] ?? NaN);
  return (arrivals.length - 1) / spanMs * 1_000;
}

/** From asking to the first byte of the answer's body. */
export async function firstByteMs(baseUrl: string, options: StreamOptions): Promise<number> {
  const startedMs = performance.now();
  const response = await ask(baseUrl, options);
  const reader = response.body!.getReader();
  await reader.read();
  const elapsedMs = performance.now() - startedMs;
  // The rest is read too, so that no slot is still busy with it when the next request comes.
  while (!(await reader.read()).done);
  return elapsedMs;
}

async function ask(baseUrl: string, options: StreamOptions): Promise<Response> {
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
  return response;
}
