import assert from "node:assert/strict";
import {
  INITIAL_LIVE_STATE,
  type LiveEvent,
  onLiveEvent,
} from "../../console/src/lib/live_state.ts";
import { instance, model, status } from "../support/console_status.ts";

const after = (...events: LiveEvent[]) => events.reduce(onLiveEvent, INITIAL_LIVE_STATE);

const OPENED: LiveEvent = { type: "opened" };
const STATUS: LiveEvent = { type: "status", status: status() };
const lost = (atMs: number, problem: string | null = null): LiveEvent => ({
  type: "lost",
  atMs,
  problem,
});
const loaded = (fraction: number): LiveEvent => ({
  type: "progress",
  task: "load",
  model: "guide",
  fraction,
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

Deno.test("a connection that is back forgets the loss", () => {
  const state = after(OPENED, STATUS, lost(100, "Key needed"), OPENED);
  assert.deepEqual([state.link, state.lostAtMs, state.problem], ["live", null, null]);
});

Deno.test("progress of a load is kept while the model loads and forgotten afterwards", () => {
  const loading: LiveEvent = {
    type: "status",
    status: status({
      models: [model({ state: "loading", instances: [instance({ state: "loading" })] })],
    }),
  };
  assert.deepEqual(after(loading, loaded(0.2), loaded(0.4), loading).progress, { guide: 0.4 });
  assert.deepEqual(after(loading, loaded(0.4), STATUS).progress, {});
});

Deno.test("a download is not a load", () => {
  const download: LiveEvent = { type: "progress", task: "download", model: "guide", fraction: 0.5 };
  assert.deepEqual(after(download).progress, {});
});
