import assert from "node:assert/strict";
import { encodeHttpFrame } from "../../../src/tunnel/http/http_frames.ts";
import type { TunnelRequest } from "../../../src/tunnel/mod.ts";
import { type HttpLine, MODEL, PlayedLine, requestOf } from "../http_line.ts";
import { pattern } from "../tcp_pair.ts";

/** The host's answer to a stream that begins like this: its bytes, or the error of a reset. */
async function hostSays(line: HttpLine, ...frames: Uint8Array[]): Promise<string> {
  const stream = await line.quic.open();
  for (const frame of frames) await stream.write(frame);
  let said = "";
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    said += new TextDecoder().decode(bytes);
  }
  await stream.closeWrite();
  return said;
}

function opening(change: Partial<TunnelRequest>): Uint8Array {
  const { method, path, requestId } = { ...requestOf({}), ...change };
  const head = { model: MODEL.name, fingerprint: MODEL.fingerprint, requestId, method, path };
  return encodeHttpFrame({ type: "request", head: { ...head, grant: null, headers: [] } });
}

Deno.test("the host refuses what is no inference path by itself, and llama-server never hears of it", async () => {
  let heard = 0;
  await using played = await PlayedLine.open(() => {
    heard++;
    return new Response("");
  });
  const end = encodeHttpFrame({ type: "end" });
  for (
    const path of [
      "/slots",
      "/v1/../slots",
      "/v1/%2e%2e/slots",
      "//slots",
      "/v1/models/../../props",
    ]
  ) {
    for (const method of ["GET", "POST"]) {
      const said = await hostSays(played.line, opening({ method, path }), end);
      assert.match(said, /There is no inference endpoint/);
      assert.equal((await played.ask({ method, path })).status, 404);
    }
  }
  assert.equal(heard, 0);
});

Deno.test("the host resets a stream that is no request", async () => {
  await using played = await PlayedLine.open(() => new Response("ok"));
  const end = encodeHttpFrame({ type: "end" });
  await assert.rejects(hostSays(played.line, pattern(100)));
  await assert.rejects(hostSays(played.line, end));
  await assert.rejects(hostSays(played.line, opening({}), opening({})));
  assert.equal(await played.line.openStreams(), 0);
});

Deno.test("a request that breaks off never becomes a whole one at llama-server", async () => {
  const begun = Promise.withResolvers<void>();
  const outcome = Promise.withResolvers<string>();
  await using played = await PlayedLine.open(async ({ body }) => {
    const reader = body?.getReader();
    await reader?.read();
    begun.resolve();
    outcome.resolve(await reader?.read().then(() => "whole", () => "broken") ?? "empty");
    return new Response("");
  });
  const stream = await played.line.quic.open();
  await stream.write(opening({}));
  await stream.write(encodeHttpFrame({ type: "body", bytes: pattern(100) }));
  await begun.promise;
  await stream.closeWrite();
  assert.equal(await outcome.promise, "broken");
  await assert.rejects(stream.read());
  assert.equal(await played.line.openStreams(), 0);
});
