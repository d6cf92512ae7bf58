import assert from "node:assert/strict";
import fc from "fast-check";
import { TOKEN_RATE_WINDOW_MS } from "../../../src/node/plan/defaults.ts";
import { TokenRate } from "../../../src/node/report/token_rate.ts";

Deno.test("TokenRate forgets what is older than its window of 10 s", () => {
  const rate = new TokenRate();
  rate.add(50, 1_000);
  rate.add(150, 6_000);
  assert.equal(rate.perSecond(6_000), 20);
  assert.equal(rate.perSecond(11_500), 15);
  assert.equal(rate.perSecond(16_000), 0);
});

Deno.test("TokenRate says at each moment what a sum over all answers says", () => {
  const answer = fc.record({
    afterMs: fc.oneof(fc.nat(2_000), fc.constant(TOKEN_RATE_WINDOW_MS)),
    tokens: fc.nat(1_000),
    asks: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(answer, { maxLength: 60 }), (answers) => {
    const rate = new TokenRate();
    const all: { readonly atMs: number; readonly tokens: number }[] = [];
    let nowMs = 0;
    for (const { afterMs, tokens, asks } of answers) {
      nowMs += afterMs;
      rate.add(tokens, nowMs);
      all.push({ atMs: nowMs, tokens });
      if (asks) assert.equal(rate.perSecond(nowMs), sumOf(all, nowMs));
    }
    assert.equal(rate.perSecond(nowMs + 5_000), sumOf(all, nowMs + 5_000));
  }));
});

function sumOf(
  all: readonly { readonly atMs: number; readonly tokens: number }[],
  nowMs: number,
): number {
  const recent = all.filter(({ atMs }) => atMs > nowMs - TOKEN_RATE_WINDOW_MS);
  const tokens = recent.reduce((sum, one) => sum + one.tokens, 0);
  return Math.round(tokens * 1_000 / TOKEN_RATE_WINDOW_MS * 10) / 10;
}
