import fc from "fast-check";
import assert from "node:assert/strict";
import { rateLimitHeaders, RateLimits } from "../../../src/api/keys/rate_limit.ts";

const of = (requestsPerMinute: number | null, tokensPerMinute: number | null, name = "a") => ({
  name,
  requestsPerMinute,
  tokensPerMinute,
});

Deno.test("RateLimits lets a minute's worth of requests in, and then as many as time brings", () => {
  const limits = new RateLimits();
  const key = of(6, null);
  const admitted = (nowMs: number) => limits.admit(key, nowMs).refused === null;
  for (let n = 0; n < 6; n++) assert.ok(admitted(0));
  assert.equal(limits.admit(key, 0).refused?.retryAfterMs, 10_000);
  assert.ok(!admitted(9_999));
  assert.ok(admitted(10_000));
  assert.ok(!admitted(10_000));
  for (let n = 0; n < 6; n++) assert.ok(admitted(1_000_000), "never more than a minute's worth");
  assert.ok(!admitted(1_000_000));
});

Deno.test("RateLimits refuses while an answer that cost too much is paid off", () => {
  const limits = new RateLimits();
  const key = of(null, 600);
  assert.equal(limits.admit(key, 0).refused, null);
  limits.charge(key, 1_200, 0);
  const { refused } = limits.admit(key, 0);
  assert.deepEqual([refused?.of, refused?.left, refused?.retryAfterMs], ["tokens", -600, 60_100]);
  assert.equal(limits.admit(key, 60_100).refused, null);
});

Deno.test("RateLimits names the limit that takes longer, and takes nothing for a refusal", () => {
  const limits = new RateLimits();
  const key = of(1, 60);
  limits.admit(key, 0);
  limits.charge(key, 60, 0);
  assert.equal(limits.admit(key, 0).refused?.of, "requests");
  limits.charge(key, 100, 0);
  assert.equal(limits.admit(key, 0).refused?.of, "tokens");
  assert.equal(limits.admit(key, 60_000 + 41_000).refused, null);
});

Deno.test("RateLimits counts each key by itself, and one without limits not at all", () => {
  const limits = new RateLimits();
  limits.admit(of(1, null, "a"), 0);
  assert.notEqual(limits.admit(of(1, null, "a"), 0).refused, null);
  assert.equal(limits.admit(of(1, null, "b"), 0).refused, null);
  for (let n = 0; n < 1_000; n++) {
    assert.deepEqual(limits.admit(of(null, null), 0), { allowances: [], refused: null });
  }
});

Deno.test("RateLimits never lets more in than the limit and what time brings, whatever the order", () => {
  const steps = fc.array(fc.nat(20_000), { maxLength: 200 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 30 }), (pauses, perMinute) => {
    const limits = new RateLimits();
    let nowMs = 0;
    let admitted = 0;
    for (const pause of pauses) {
      nowMs += pause;
      if (limits.admit(of(perMinute, null), nowMs).refused === null) admitted++;
    }
    assert.ok(admitted <= perMinute + nowMs * perMinute / 60_000 + 1e-6);
  }));
});

Deno.test("rateLimitHeaders() says what OpenAI's clients read, and never too early a time", () => {
  const limits = new RateLimits();
  const key = of(2, 100);
  const headers = () => rateLimitHeaders(limits.admit(key, 0));
  const first = {
    "x-ratelimit-limit-requests": "2",
    "x-ratelimit-remaining-requests": "1",
    "x-ratelimit-reset-requests": "30s",
    "x-ratelimit-limit-tokens": "100",
    "x-ratelimit-remaining-tokens": "100",
    "x-ratelimit-reset-tokens": "0s",
  };
  assert.deepEqual(headers(), first);
  limits.charge(key, 101, 0);
  limits.charge(key, 0, 0);
  const refused = headers();
  assert.equal(refused["x-ratelimit-remaining-tokens"], "0");
  assert.equal(refused["retry-after"], "2");
});
