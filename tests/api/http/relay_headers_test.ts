import assert from "node:assert/strict";
import { copyHeadersToAnswer, headersToAsk } from "../../../src/api/http/relay_headers.ts";

Deno.test("No credential, cookie or connection header of a caller goes on", () => {
  const asked = headersToAsk(
    new Headers({
      "accept": "text/event-stream",
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "authorization": "Bearer secret",
      "x-api-key": "secret",
      "cookie": "a=b",
      "origin": "http://localhost",
      "connection": "close",
      "accept-encoding": "gzip",
    }),
  );
  assert.deepEqual(Object.fromEntries(asked), {
    "accept": "text/event-stream",
    "accept-encoding": "identity",
    "anthropic-version": "2023-06-01",
    "content-type": "application/json",
  });
});

Deno.test("An instance sets no cookie and no permission for other origins", () => {
  const answered = new Headers();
  copyHeadersToAnswer(
    new Headers({
      "content-type": "text/event-stream",
      "content-length": "3",
      "x-accel-buffering": "no",
      "access-control-allow-origin": "*",
      "set-cookie": "a=b",
      "connection": "close",
      "keep-alive": "timeout=5",
      "x-mesh-host": "somebody else",
    }),
    answered,
  );
  assert.deepEqual(Object.fromEntries(answered), {
    "content-length": "3",
    "content-type": "text/event-stream",
    "x-accel-buffering": "no",
  });
});
