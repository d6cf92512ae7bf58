import assert from "node:assert/strict";
import { withoutLoss } from "../../../src/node/ends/lost_answer.ts";
import { TunnelError } from "../../../src/tunnel/mod.ts";

const ERROR = JSON.stringify({
  error: {
    code: 500,
    message: "decode() failed: vk::Device::getFenceStatus: ErrorDeviceLost",
    type: "server_error",
  },
});
const TOKEN = `data: ${
  JSON.stringify({ choices: [{ delta: { content: '"error":{ decode() failed' } }] })
}\n\n`;

const yes = () => Promise.resolve(true);
const no = () => Promise.resolve(false);
const never = () => Promise.reject(new Error("It was asked"));

function events(...chunks: string[]): Response {
  const body = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** The text as far as it comes, and whether it broke off. */
async function read(response: Response): Promise<{ text: string; broke: boolean }> {
  let text = "";
  try {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
    return { text, broke: false };
  } catch (error) {
    assert(error instanceof TunnelError, String(error));
    return { text, broke: true };
  }
}

Deno.test("withoutLoss() breaks a stream off where the GPU was lost, behind what is true", async () => {
  for (
    const chunks of [[TOKEN, `data: ${ERROR}\n\n`], [`${TOKEN}data: ${ERROR}\n\n`]]
  ) {
    const answer = await withoutLoss(events(...chunks), yes);
    assert.deepEqual(await read(answer), { text: TOKEN, broke: true });
  }
  const first = await withoutLoss(events(`data: ${ERROR}\n\n`), yes);
  assert.deepEqual(await read(first), { text: "", broke: true });
});

Deno.test("withoutLoss() passes on what is no loss, as it came", async () => {
  const failed = await withoutLoss(events(TOKEN, `data: ${ERROR}\n\n`), no);
  assert.deepEqual(await read(failed), { text: `${TOKEN}data: ${ERROR}\n\n`, broke: false });
  const whole = await withoutLoss(events(TOKEN, TOKEN, "data: [DONE]\n\n"), never);
  assert.deepEqual(await read(whole), { text: `${TOKEN}${TOKEN}data: [DONE]\n\n`, broke: false });
});

Deno.test("withoutLoss() throws in place of an answer that is nothing but the loss", async () => {
  const json = (body: string, status: number) =>
    new Response(body, { status, headers: { "content-type": "application/json" } });
  await assert.rejects(withoutLoss(json(ERROR, 500), yes), TunnelError);
  const kept = await withoutLoss(json(ERROR, 500), no);
  assert.deepEqual([kept.status, await kept.text()], [500, ERROR]);
  assert.equal(kept.headers.get("content-type"), "application/json");
  const other = await withoutLoss(json('{"error":{"message":"no such slot"}}', 500), never);
  assert.equal(other.status, 500);
  const good = json(ERROR, 200);
  assert.equal(await withoutLoss(good, never), good, "a good answer is not even read");
});
