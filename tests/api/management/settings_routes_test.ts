import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import {
  ModelRefusedError,
  type SettingsActions,
  SettingsChangedError,
  SettingsRefusedError,
  type SettingsView,
} from "../../../src/api/mod.ts";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../../src/api/keys/key_book.ts";
import { type ApiKey, fullKey } from "../../../src/api/keys/keys.ts";
import { createManagement } from "../../../src/api/management/management.ts";
import { FakeNode } from "../fake_node.ts";

const VIEW = { model: "m", revision: 3 } as SettingsView;
const MANAGER: ApiKey = { ...fullKey("owner", "sk-owner"), manage: true };
const OF_ONE: ApiKey = { ...fullKey("one", "sk-one"), manage: true, models: ["other"] };
const PLAIN = fullKey("ci", "sk-ci");

function setUp() {
  const asked: unknown[] = [];
  let error: Error | null = null;
  const act = (name: string, ...rest: unknown[]) => {
    asked.push([name, ...rest]);
    if (error !== null) throw error;
    return VIEW;
  };
  const settings: SettingsActions = {
    changed: () => ({}),
    read: (name) => act(name),
    // deno-lint-ignore require-await -- what it throws comes as a rejection
    change: async (name, change) => act(name, change),
    // deno-lint-ignore require-await -- what it throws comes as a rejection
    reset: async (name, revision) => act(name, "reset", revision),
  };
  const node = Object.assign(new FakeNode(), { modelSettings: settings });
  const management = createManagement(node, {
    door: new AdminDoor({ adminKey: "admin" }),
    signInUrl: () => null,
    logger: getLogger("test"),
    addresses: () => [{ url: "http://127.0.0.1:9337", on: null }],
    keys: new KeyBook({ fixed: [MANAGER, OF_ONE, PLAIN] }),
  });
  const ask = async (
    method: string,
    headers: Record<string, string> = {},
    body?: unknown,
    name = "m",
  ) => {
    const response = await management.request(`/api/models/${name}/settings`, {
      method,
      headers: {
        authorization: "Bearer admin",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      tag: response.headers.get("etag"),
      body: await response.json(),
    };
  };
  return { ask, asked, management, fail: (by: Error) => error = by };
}

Deno.test("the settings of a model come with their revision, and are changed and reset under it", async () => {
  const { ask, asked } = setUp();
  const shown = { status: 200, tag: '"3"', body: VIEW };
  assert.deepEqual(await ask("GET"), shown);
  assert.deepEqual(await ask("PATCH", {}, { settings: { ctx: 1 }, revision: 3 }), shown);
  assert.deepEqual(await ask("PATCH", { "if-match": '"3"' }, { settings: {} }), shown);
  assert.deepEqual(await ask("PATCH", { "if-match": "*" }, { settings: { pin: null } }), shown);
  assert.deepEqual(await ask("DELETE"), shown);
  assert.deepEqual(await ask("DELETE", { "if-match": '"3"' }, undefined, "a%2Fb"), shown);
  assert.deepEqual(asked, [
    ["m"],
    ["m", { settings: { ctx: 1 }, revision: 3 }],
    ["m", { settings: {}, revision: 3 }],
    ["m", { settings: { pin: null }, revision: undefined }],
    ["m", "reset", undefined],
    ["a/b", "reset", 3],
  ]);
});

Deno.test("a refused change of settings has a status, a sentence, and where others were quicker what holds", async () => {
  const { ask, fail } = setUp();
  const change = () => ask("PATCH", {}, { settings: { ctx: 1 } });
  fail(new SettingsChangedError(VIEW));
  const stale = await change();
  assert.deepEqual([stale.status, stale.tag, stale.body.present], [409, '"3"', VIEW]);
  assert.equal(stale.body.error.code, "settings_changed");
  assert.match(stale.body.error.message, /changed meanwhile: revision 3 is the present one$/);
  assert.equal((await ask("DELETE")).status, 409);
  fail(new SettingsRefusedError("ctx", "ctx must be large"));
  const wrong = await change();
  assert.deepEqual([wrong.status, wrong.body.error.param], [400, "ctx"]);
  assert.equal(wrong.body.error.message, "ctx must be large");
  for (const [why, status] of [["unknown", 404], ["conflict", 409]] as const) {
    fail(new ModelRefusedError(why, "no"));
    for (const method of ["GET", "DELETE"]) assert.equal((await ask(method)).status, status, why);
    assert.equal((await change()).status, status, why);
  }
});

Deno.test("a change of settings that is none is refused before anything is asked", async () => {
  const { ask, asked, management } = setUp();
  const bodies = [
    {},
    [],
    { settings: [] },
    { settings: {}, revision: -1 },
    { settings: {}, revision: "3" },
    { settings: {}, force: true },
  ];
  for (const body of bodies) {
    assert.equal((await ask("PATCH", {}, body)).status, 400, JSON.stringify(body));
  }
  for (const tag of ["3", 'W/"3"', '"x"', ""]) {
    assert.equal((await ask("DELETE", { "if-match": tag })).status, 400, tag);
  }
  const authorization = "Bearer admin";
  const form = await management.request("/api/models/m/settings", {
    method: "PATCH",
    headers: { authorization, "content-type": "text/plain" },
    body: '{"settings":{"ctx":1}}',
  });
  assert.equal(form.status, 415);
  const large = await ask("PATCH", {}, { settings: { args: ["x".repeat(2_000_000)] } });
  assert.equal(large.status, 413);
  assert.deepEqual(asked, []);
});

Deno.test("settings are for keys with the right to manage, and for no page of another site", async () => {
  const { ask, asked, management } = setUp();
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const table: [string, Record<string, string>, string, number][] = [
    ["a key with the right", bearer("sk-owner"), "m", 200],
    ["one for another model", bearer("sk-one"), "m", 404],
    ["one for this model", bearer("sk-one"), "other", 200],
    ["one without the right", bearer("sk-ci"), "m", 403],
    ["none that is known", bearer("sk-else"), "m", 401],
    ["none", { authorization: "" }, "m", 401],
    ["a page", { ...bearer("sk-owner"), origin: "https://evil.example" }, "m", 403],
    ["a page that says so", { "sec-fetch-site": "cross-site" }, "m", 403],
  ];
  for (const [what, headers, name, status] of table) {
    asked.length = 0;
    assert.equal((await ask("GET", headers, undefined, name)).status, status, what);
    assert.equal((await ask("PATCH", headers, { settings: {} }, name)).status, status, what);
    assert.equal((await ask("DELETE", headers, undefined, name)).status, status, what);
    assert.equal(asked.length, status === 200 ? 3 : 0, what);
  }
  // The right opens nothing else of the console.
  const status = await management.request("/api/status", { headers: bearer("sk-owner") });
  assert.equal(status.status, 401);
});
