import assert from "node:assert/strict";
import { firstWithRoom, hasRoomFor, largerExcess } from "../../../src/api/routing/room.ts";
import { excessIn } from "../../../src/api/answer/excess.ts";
import { instance } from "../fake_node.ts";

const small = instance("small", "guide", { contextLength: 512 });
const large = instance("large", "guide", { contextLength: 4_096 });

Deno.test("hasRoomFor() asks no instance that would refuse the same prompt", () => {
  const table = [
    [512, undefined, true],
    [512, { promptTokens: 600, contextLength: 512 }, false],
    [600, { promptTokens: 600, contextLength: 512 }, false],
    [601, { promptTokens: 600, contextLength: 512 }, true],
    [601, { promptTokens: 600, contextLength: 1_024 }, false],
  ] as const;
  for (const [contextLength, excess, expected] of table) {
    assert.equal(hasRoomFor({ contextLength }, excess), expected);
  }
});

Deno.test("largerExcess() keeps the refusal of the largest", () => {
  const [a, b] = [512, 1_024].map((contextLength) => ({ promptTokens: 2_000, contextLength }));
  assert.equal(largerExcess(undefined, a!), a);
  assert.equal(largerExcess(a, b!), b);
  assert.equal(largerExcess(b, a!), b);
});

Deno.test("firstWithRoom() goes by the order, unless a request is surely too long for the first", () => {
  assert.equal(firstWithRoom([small, large], 5_000), small);
  assert.equal(firstWithRoom([small, large], 10_000), large);
  assert.equal(firstWithRoom([small, large], 1_000_000), small, "only an instance refuses");
  assert.equal(firstWithRoom([], 1), undefined);
});

Deno.test("excessIn() knows llama-server's answer and no other", () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const error = { type: "exceed_context_size_error", n_prompt_tokens: 1_019, n_ctx: 256 };
  const excess = { promptTokens: 1_019, contextLength: 256 };
  assert.deepEqual(excessIn(400, bytes({ error })), excess);
  assert.equal(excessIn(200, bytes({ error })), null);
  assert.equal(excessIn(400, null), null);
  const others = [null, 1, "x", {}, { error: "x" }, { error: null }, {
    error: { ...error, n_ctx: "256" },
  }, { error: { ...error, type: "invalid_request_error" } }];
  for (const other of others) assert.equal(excessIn(400, bytes(other)), null);
  assert.equal(excessIn(400, new TextEncoder().encode("{")), null);
});
