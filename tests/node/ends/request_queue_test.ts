import fc from "fast-check";
import assert from "node:assert/strict";
import { RequestQueue } from "../../../src/node/ends/request_queue.ts";
import { type InferenceRequest, TunnelError } from "../../../src/tunnel/mod.ts";

const TARGET = { baseUrl: "http://127.0.0.1:1", apiKey: null };
const LOAD = "x-mesh-load";

/** A llama-server that answers when it is told to, and keeps who asks it. */
function setUp(slots = 1) {
  const asked: string[] = [];
  const clock = { nowMs: 0 };
  const queue = new RequestQueue({
    now: () => clock.nowMs,
    ask: (_target, { path }) => {
      asked.push(path);
      return Promise.resolve(new Response(path));
    },
  });
  const request = (path: string, caller = "", peer: string | null = null) => {
    const ending = new AbortController();
    const asking: InferenceRequest = {
      method: "POST",
      path,
      headers: new Headers(),
      body: null,
      signal: ending.signal,
      caller,
    };
    return {
      answer: queue.ask({ ...TARGET, slots }, asking, peer),
      end: () => ending.abort(new Error("ended")),
    };
  };
  return { asked, request, clock, queue };
}

Deno.test("RequestQueue lets in slots and two more, and the others in turn as requests end", async () => {
  const { asked, request, clock } = setUp(1);
  const requests = ["/1", "/2", "/3", "/4", "/5"].map((path) => request(path));
  const [first] = await Promise.all(requests.slice(0, 3).map(({ answer }) => answer));
  assert.equal(first!.headers.get(LOAD)?.split("; ").at(-1), "waited=0");
  assert.deepEqual(asked, ["/1", "/2", "/3"]);
  clock.nowMs = 250;
  requests[1]!.end();
  const fourth = await requests[3]!.answer;
  assert.equal(fourth.headers.get(LOAD), "active=4; slots=1; waited=250");
  assert.deepEqual(asked, ["/1", "/2", "/3", "/4"]);
  requests[0]!.end();
  await requests[4]!.answer;
});

Deno.test("RequestQueue forgets who gives up while it waits", async () => {
  const { asked, request } = setUp(1);
  const [first] = await Promise.all(["/1", "/2", "/3"].map((path) => {
    const one = request(path);
    return one.answer.then(() => one);
  }));
  const impatient = request("/4");
  const patient = request("/5");
  impatient.end();
  await assert.rejects(impatient.answer, /ended/);
  first!.end();
  await patient.answer;
  assert.deepEqual(asked, ["/1", "/2", "/3", "/5"]);
});

// A peer that went away with a request in each state took a place with it for good; after a few, nobody was let in.
Deno.test("RequestQueue gives no place to who gives up just before it is free", async () => {
  const { asked, request } = setUp(1);
  const [first] = await Promise.all(["/1", "/2", "/3"].map((path) => {
    const one = request(path);
    return one.answer.then(() => one);
  }));
  const [impatient, patient] = [request("/4"), request("/5")];
  await Promise.resolve();
  impatient.end();
  first!.end();
  await assert.rejects(impatient.answer, /ended/);
  await patient.answer;
  assert.deepEqual(asked, ["/1", "/2", "/3", "/5"]);
});

Deno.test("RequestQueue lets nobody pass by what a query says", async () => {
  const { asked, request } = setUp(1);
  await Promise.all(["/1", "/2", "/3"].map((path) => request(path).answer));
  const waiting = request("/v1/completions?/v1/x/input_tokens");
  waiting.end();
  await assert.rejects(waiting.answer, /ended/);
  assert.deepEqual(asked, ["/1", "/2", "/3"]);
});

Deno.test("RequestQueue answers 429 once as many wait as may, and lets pass what needs no slot", async () => {
  const { request } = setUp(1);
  const requests = Array.from({ length: 3 + 256 }, (_, index) => request(`/${index}`));
  await requests[2]!.answer;
  const refused = await request("/too-many").answer;
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get(LOAD), "active=259; slots=1; waited=0");
  assert.equal((await refused.json()).error.code, "model_overloaded");
  assert.equal((await request("/tokenize").answer).headers.get(LOAD), null);
  for (const { answer, end } of requests) {
    await answer;
    end();
  }
});

Deno.test("RequestQueue makes room again after every end, however requests end", async () => {
  const fate = fc.constantFrom("ends", "fails", "gives up" as const);
  await fc.assert(fc.asyncProperty(fc.array(fate, { maxLength: 30 }), async (fates) => {
    let running = 0;
    let most = 0;
    const queue = new RequestQueue({
      ask: async (_target, { path, signal }) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        if (path === "/fails") {
          running--;
          throw new Error("refused");
        }
        signal.addEventListener("abort", () => running--, { once: true });
        return new Response("");
      },
    });
    await Promise.all(fates.map(async (fate) => {
      const ending = new AbortController();
      const request = { method: "POST", headers: new Headers(), body: null, signal: ending.signal };
      const answer = queue.ask({ ...TARGET, slots: 4 }, { ...request, path: `/${fate}` }).catch(
        () => undefined,
      );
      if (fate === "gives up") ending.abort(new Error("given up"));
      await answer;
      ending.abort(new Error("ended"));
    }));
    assert.equal(running, 0);
    assert.ok(most <= 4 + 2);
  }));
});

// An agent with fifty requests at once held up a person's one question until all of them had been answered.
Deno.test("RequestQueue lets callers take turns, keeps each one's order, and gives all of a peer's one turn", async () => {
  const { asked, request } = setUp(1);
  const running = ["/1", "/2", "/3"].map((path) => request(path));
  await Promise.all(running.map(({ answer }) => answer));
  const waiting = [
    ...["/a1", "/a2", "/a3"].map((path) => request(path, "a")),
    ...["/p1", "/p2"].map((path) => request(path, "k1", "peer")),
    ...["/q1", "/q2"].map((path) => request(path, "k2", "peer")),
    request("/b1", "b"),
  ];
  await Promise.resolve();
  await Promise.all([...running, ...waiting].map(async ({ answer, end }) => {
    await answer;
    end();
  }));
  assert.deepEqual(asked.slice(3), ["/a1", "/p1", "/b1", "/a2", "/q1", "/a3", "/p2", "/q2"]);
});

Deno.test("RequestQueue makes room for another caller where one has filled it", async () => {
  const { asked, request } = setUp(1);
  const all = Array.from({ length: 3 + 256 }, (_, index) => request(`/${index}`, "greedy"));
  await all[2]!.answer;
  assert.equal((await request("/more", "greedy").answer).status, 429);
  const modest = request("/modest", "modest");
  assert.equal((await all.pop()!.answer).status, 429, "the last of those who have most");
  all[0]!.end();
  all[1]!.end();
  await modest.answer;
  assert.deepEqual(asked.slice(3), ["/3", "/modest"]);
  for (const one of all) {
    one.end();
    await one.answer.catch(() => {});
  }
});

Deno.test("RequestQueue that is drained answers what it has begun, and refuses the others", async () => {
  const { asked, request, queue } = setUp(1);
  const requests = ["/1", "/2", "/3", "/4"].map((path) => request(path));
  await Promise.all(requests.slice(0, 3).map(({ answer }) => answer));
  const refused = assert.rejects(requests[3]!.answer, TunnelError);
  const drained = queue.drain();
  await refused;
  await assert.rejects(request("/5").answer, TunnelError);
  assert.ok(drained !== null);
  let isDrained = false;
  const draining = drained(new AbortController().signal).then(() => isDrained = true);
  for (const { end } of requests.slice(0, 2)) end();
  await Promise.resolve();
  assert.equal(isDrained, false);
  requests[2]!.end();
  await draining;
  assert.deepEqual(asked, ["/1", "/2", "/3"]);
  assert.equal(queue.drain(), null);
});

Deno.test("RequestQueue waits for no answers any longer where that is called off", async () => {
  const { request, queue } = setUp(1);
  await request("/1").answer;
  const calledOff = new AbortController();
  const draining = queue.drain()?.(calledOff.signal);
  calledOff.abort();
  await draining;
});
