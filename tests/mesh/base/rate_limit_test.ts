import assert from "node:assert/strict";
import { MAX_RATED_PEERS } from "../../../src/mesh/base/defaults.ts";
import { RateLimiter } from "../../../src/mesh/base/rate_limit.ts";

Deno.test("a limiter keeps names apart, and forgets no more than the one in longest disuse", () => {
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 1 });
  assert.equal(limiter.allows("first", 0), true);
  assert.equal(limiter.allows("first", 0), false);
  for (let i = 1; i < MAX_RATED_PEERS; i++) assert.equal(limiter.allows(`${i}`, 0), true);
  assert.equal(limiter.allows("first", 0), false);
  assert.equal(limiter.allows("one more", 0), true);
  assert.equal(limiter.allows("1", 0), true, "it was forgotten");
  assert.equal(limiter.allows("first", 0), false);
});
