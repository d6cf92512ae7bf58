/** An answer that an update has to wait for, and an update that waits. */

/** A question that a node has to answer, and that its caller takes time to ask. */
export async function slowQuestion(api: string) {
  const messages = [{ role: "user", content: "hello" }];
  const text = JSON.stringify({ model: "guide", messages, temperature: 0 });
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const asked = fetch(`${api}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: readable.pipeThrough(new TextEncoderStream()),
  });
  await writer.write(text.slice(0, 1));
  return {
    async answer(): Promise<string> {
      await writer.write(text.slice(1));
      await writer.close();
      return (await (await asked).json()).choices[0].message.content;
    },
  };
}

/** Resolves once an update waits for an answer. @returns the rest of it: what it has printed */
export async function onceItWaits(child: Deno.ChildProcess): Promise<() => Promise<string>> {
  const { stdout, stderr } = child;
  const [said, all] = stderr.pipeThrough(new TextDecoderStream()).tee();
  const whole = Promise.all([new Response(stdout).text(), Array.fromAsync(all)]);
  for await (const text of said.values({ preventCancel: true })) {
    if (text.includes("Waiting for 1 answer to end")) return async () => (await whole)[0];
  }
  throw new Error(`It did not wait: ${await whole}`);
}
