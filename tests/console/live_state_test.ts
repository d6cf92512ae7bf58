import assert from "node:assert/strict";
import type { RequestRecord } from "../../src/api/base/types.ts";
import { LOG_LINES_MAX, SAMPLES_MAX } from "../../console/src/lib/defaults.ts";
import {
  INITIAL_LIVE_STATE,
  type LiveEvent,
  onLiveEvent,
} from "../../console/src/lib/live_state.ts";
import { joinRequest, pairing } from "../support/console_pairing.ts";
import { instance, MINI, model, peer, status } from "../support/console_status.ts";

const after = (...events: LiveEvent[]) => events.reduce(onLiveEvent, INITIAL_LIVE_STATE);

const OPENED: LiveEvent = { type: "opened" };
const STATUS: LiveEvent = { type: "status", status: status(), atMs: 1 };
const lost = (atMs: number, problem: string | null = null): LiveEvent => ({
  type: "lost",
  atMs,
  problem,
  needsKey: problem !== null,
});
const loaded = (fraction: number) => ({
  type: "progress" as const,
  task: "load" as const,
  model: "guide",
  fraction,
  atMs: 1,
});

Deno.test("a page that never heard its node is connecting, and then live", () => {
  assert.equal(after().link, "connecting");
  assert.equal(after(lost(1)).link, "connecting");
  assert.equal(after(OPENED, STATUS).link, "live");
});

Deno.test("a lost connection keeps what was known and when it was lost first", () => {
  const state = after(OPENED, STATUS, lost(100), lost(200, "Key needed"));
  assert.equal(state.link, "reconnecting");
  assert.equal(state.lostAtMs, 100);
  assert.equal(state.problem, "Key needed");
  assert.equal(state.status?.node.name, "studio");
});

Deno.test("a visitor is asked for a key until it is accepted", () => {
  const asked = after(lost(100), lost(100, "Key needed"), lost(200));
  assert.equal(asked.needsKey, true);
  assert.equal(onLiveEvent(asked, OPENED).needsKey, false);
});

Deno.test("a connection that is back forgets the loss", () => {
  const state = after(OPENED, STATUS, lost(100, "Key needed"), OPENED);
  assert.deepEqual([state.link, state.lostAtMs, state.problem], ["live", null, null]);
});

Deno.test("progress of a load is kept while the model loads and forgotten afterwards", () => {
  const loading: LiveEvent = {
    type: "status",
    atMs: 1,
    status: status({
      models: [model({ state: "loading", instances: [instance({ state: "loading" })] })],
    }),
  };
  assert.deepEqual(after(loading, loaded(0.2), loaded(0.4), loading).progress, { guide: 0.4 });
  assert.deepEqual(after(loading, loaded(0.4), STATUS).progress, {});
});

Deno.test("a download is not a load", () => {
  const download: LiveEvent = { ...loaded(0.5), task: "download" };
  assert.deepEqual(after(download).progress, {});
});

Deno.test("a part that a new status does not change stays the same object", () => {
  const before = after(STATUS);
  const next = onLiveEvent(before, {
    type: "status",
    atMs: 2,
    status: status({ peers: [peer()] }),
  });
  assert.notEqual(next.status, before.status);
  assert.equal(next.status?.models, before.status?.models);
  assert.equal(
    onLiveEvent(next, { ...STATUS, status: status({ peers: [peer()] }) }).status,
    next.status,
  );
});

Deno.test("a machine that an event and a status both tell of is one piece of news", () => {
  const joined: LiveEvent = { type: "status", atMs: 10, status: status({ peers: [peer()] }) };
  const died: LiveEvent = { type: "peer", peer: MINI, name: "mini", change: "died", atMs: 30 };
  const gone: LiveEvent = { type: "status", atMs: 31, status: status() };
  const news = (...events: LiveEvent[]) =>
    after(STATUS, ...events).news.map(({ change, atMs }) => `${change} ${atMs}`);
  assert.deepEqual(news(joined, died, gone), ["died 30", "joined 10"]);
  assert.deepEqual(news(joined, gone, died), ["died 31", "joined 10"]);
  assert.deepEqual(news(joined, gone, joined), ["joined 10", "gone 31", "joined 10"]);
});

Deno.test("an answer about pairing that an event has overtaken is not taken", () => {
  const [before, since] = [pairing({ requests: [joinRequest()] }), pairing({ mayAccept: false })];
  const asked = (askedMs: number): LiveEvent => ({
    type: "asked-pairing",
    pairing: before,
    askedMs,
  });
  const told: LiveEvent = { type: "pairing", pairing: since, atMs: 10 };
  assert.deepEqual(after(asked(9)).pairing, before);
  assert.deepEqual(after(asked(9), told).pairing, since);
  assert.deepEqual(after(told, asked(9)).pairing, since);
  assert.deepEqual(after(told, asked(11)).pairing, before);
});

const record = (id: string, time: string) => ({ id, time }) as RequestRecord;

Deno.test("requests are kept newest first, and each once", () => {
  const [a, b] = [record("a", "2026-01-01T00:00:01Z"), record("b", "2026-01-01T00:00:02Z")];
  const state = after(
    { type: "request", request: b, atMs: 1 },
    { type: "history", requests: [a, b] },
    { type: "request", request: a, atMs: 2 },
  );
  assert.deepEqual(state.requests, [b, a]);
});

Deno.test("logs and samples are bounded", () => {
  const line = { time: "", level: "info", event: "log", message: "m" };
  const events = Array.from({ length: LOG_LINES_MAX + 5 }, (): LiveEvent => ({
    type: "log",
    line,
    atMs: 1,
  }));
  const { logs } = after(...events);
  assert.equal(logs.length, LOG_LINES_MAX);
  assert.equal(logs.at(-1)?.number, LOG_LINES_MAX + 5);
  const statuses = Array.from({ length: SAMPLES_MAX + 5 }, (_, second): LiveEvent => ({
    type: "status",
    status: status(),
    atMs: second * 1000,
  }));
  assert.equal(after(...statuses).memory.length, SAMPLES_MAX);
});
