import assert from "node:assert/strict";
import { EventFeed, type FeedOptions } from "../../../src/api/management/event_feed.ts";
import type { NodeEvent } from "../../../src/api/base/types.ts";
import { FakeNode } from "../fake_node.ts";
import { SseReader } from "../sse_reader.ts";

function log(message: string): NodeEvent {
  return { type: "log", line: line(message) };
}

/** The content of an event of `log()`. */
function line(message: string) {
  return { time: "t", level: "info", event: "test", message };
}

function setUp(options: Partial<FeedOptions> = {}) {
  const node = new FakeNode();
  const feed = new EventFeed(node, { runId: "run", ...options });
  const status = (): NodeEvent => ({ type: "status", status: node.status() });
  return { node, feed, status };
}

Deno.test("A console gets the whole status at once, then each event under its name", async () => {
  const { node, feed, status } = setUp();
  const reader = new SseReader(feed.open(null));
  assert.deepEqual(await reader.next(), { event: "status", id: "run-1", data: node.status() });
  node.send(log("hello"));
  node.peers = 2;
  node.send(status());
  assert.deepEqual(await reader.next(), { event: "log", id: "run-2", data: line("hello") });
  assert.deepEqual(await reader.next(), { event: "status", id: "run-3", data: node.status() });
  await reader.cancel();
});

Deno.test("A console that comes back gets what it missed, and the whole status", async () => {
  const { node, feed, status } = setUp();
  for (const message of ["one", "two", "three"]) node.send(log(message));
  node.send(status());
  const reader = new SseReader(feed.open("run-1"));
  assert.deepEqual((await reader.next()).data, line("two"));
  assert.deepEqual((await reader.next()).data, line("three"));
  assert.equal((await reader.next()).event, "status");
  await reader.cancel();
});

Deno.test("An event id of an earlier run, or none at all, brings no old events", async () => {
  const { node, feed } = setUp();
  node.send(log("one"));
  for (const id of ["earlier-0", "run-x", "0", "", null]) {
    const reader = new SseReader(feed.open(id));
    assert.equal((await reader.next()).event, "status", `${id}`);
    await reader.cancel();
  }
});

Deno.test("A console that does not read costs bounded memory and then gets the latest", async () => {
  const { node, feed, status } = setUp();
  const reader = new SseReader(feed.open(null));
  await reader.next();
  for (let n = 0; n < 5_000; n++) {
    node.send(log(`${n}`));
    node.peers = n;
    node.send(status());
  }
  node.send(log("last"));
  const seen: string[] = [];
  for (let text = ""; text !== "last";) {
    const { event, data } = await reader.next();
    seen.push(event);
    if (event === "log") text = (data as { message: string }).message;
    else if (seen.length > 2) assert.deepEqual(data, node.status(), "no status but the latest");
  }
  assert.ok(seen.length < 300, `${seen.length} events were kept`);
  await reader.cancel();
});

Deno.test("A silent stream shows a sign of life", async () => {
  const { feed } = setUp({ keepAliveMs: 1 });
  const reader = new SseReader(feed.open(null));
  await reader.next();
  assert.equal(await reader.block(), ": keep-alive");
  await reader.cancel();
});

Deno.test("Streams end when the node closes, and none opens after that", async () => {
  const closing = new AbortController();
  const { node, feed } = setUp({ closing: closing.signal });
  const reader = new SseReader(feed.open(null));
  await reader.next();
  closing.abort();
  assert.equal(await reader.block(), null);
  const late = new SseReader(feed.open(null));
  assert.equal(await late.block(), null);
  node.send(log("nobody hears this"));
});

Deno.test("A stream that nobody reads holds nothing", () => {
  const { feed } = setUp();
  // A timer that is left running fails this test.
  feed.open(null);
});

Deno.test("A node knows how many look on", async () => {
  const { node, feed } = setUp();
  const readers = [new SseReader(feed.open(null)), new SseReader(feed.open(null))];
  for (const reader of readers) await reader.next();
  assert.equal(node.watchers, 2);
  for (const reader of readers) await reader.cancel();
  assert.equal(node.watchers, 0);
});
