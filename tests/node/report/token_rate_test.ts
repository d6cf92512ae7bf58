import assert from "node:assert/strict";
import { TokenRate } from "../../../src/node/report/token_rate.ts";

Deno.test("TokenRate forgets what is older than its window of 10 s", () => {
  const rate = new TokenRate();
  rate.add(50, 1_000);
  rate.add(150, 6_000);
  assert.equal(rate.perSecond(6_000), 20);
  assert.equal(rate.perSecond(11_500), 15);
  assert.equal(rate.perSecond(16_000), 0);
});
