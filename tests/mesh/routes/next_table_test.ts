import assert from "node:assert/strict";
import { nextTable } from "../../../src/mesh/routes/next_table.ts";
import { buildRoutingTable } from "../../../src/mesh/routes/routing_table.ts";

const KNOWN = buildRoutingTable([]);
const OTHER = { ...KNOWN, version: "other" };
const NEVER = new Promise<void>(() => {});

function changing() {
  const listeners = new Set<() => void>();
  const state = { table: KNOWN, listeners, tell: () => listeners.forEach((tell) => tell()) };
  const changes = {
    table: () => state.table,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { state, changes };
}

Deno.test("nextTable() waits for another table, and for nothing else", async () => {
  const { state, changes } = changing();
  const next = nextTable(KNOWN, changes, { waitMs: 60_000, ended: NEVER });
  state.tell();
  state.table = OTHER;
  state.tell();
  assert.equal(await next, OTHER);
  assert.equal(state.listeners.size, 0);
  assert.equal(await nextTable(KNOWN, changes, { waitMs: 60_000, ended: NEVER }), OTHER);
});

Deno.test("nextTable() ends with the time, and when nobody wants it", async () => {
  const { state, changes } = changing();
  assert.equal(await nextTable(KNOWN, changes, { waitMs: 1, ended: NEVER }), KNOWN);
  const ended = Promise.reject(new Error("the stream was reset"));
  assert.equal(await nextTable(KNOWN, changes, { waitMs: 60_000, ended }), KNOWN);
  assert.equal(state.listeners.size, 0);
});
