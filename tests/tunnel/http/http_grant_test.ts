import assert from "node:assert/strict";
import type { Grant } from "../../../src/tunnel/mod.ts";
import { MODEL, PlayedLine } from "../http_line.ts";

const GRANT: Grant = {
  key: "team-a",
  models: ["guide"],
  requestsPerMinute: 5,
  tokensPerMinute: null,
};

Deno.test("A grant reaches the host, which counts the answer under it", async () => {
  const admitted: unknown[] = [];
  const ended = Promise.withResolvers<string>();
  let passed = "";
  const decoder = new TextDecoder();
  await using played = await PlayedLine.open(() => new Response("an answer"), {
    admit: (grant, model) => {
      admitted.push([grant, model]);
      return {
        refused: null,
        passed: (bytes) => passed += decoder.decode(bytes),
        ended: () => ended.resolve(passed),
      };
    },
  });
  assert.equal(await (await played.ask({ grant: GRANT })).text(), "an answer");
  assert.equal(await ended.promise, "an answer");
  await (await played.ask()).text();
  assert.deepEqual(admitted, [[GRANT, MODEL]], "a request without a grant is not admitted");
});

Deno.test("A host refuses what the grant does not cover, and llama-server is not asked", async () => {
  let asked = 0;
  const handler = () => {
    asked++;
    return new Response("an answer");
  };
  await using played = await PlayedLine.open(handler, {
    admit: () => ({ refused: new Response("too much", { status: 429 }) }),
  });
  const response = await played.ask({ grant: GRANT });
  assert.deepEqual([response.status, await response.text()], [429, "too much"]);
  assert.equal(asked, 0);
});
