import { Hono } from "hono";
import assert from "node:assert/strict";
import { AdminDoor, type AdminDoorOptions } from "../../../src/api/keys/admin_session.ts";
import type { ApiEnv } from "../../../src/api/keys/api_env.ts";
import { type ApiKey, fullKey, KeyRing } from "../../../src/api/keys/keys.ts";
import { mayManage, requireManage } from "../../../src/api/keys/manage.ts";
import { type CallerEnds, LocalUser } from "../../../src/api/http/local_user.ts";
import { answerFor, RefusedError } from "../../../src/api/http/openai_errors.ts";

const MANAGER: ApiKey = { ...fullKey("owner", "sk-owner"), manage: true };
const PLAIN = fullKey("ci", "sk-ci");
const REFUSED: ApiKey = { ...fullKey("off", "sk-off"), manage: false };
const KEYS = [MANAGER, PLAIN, REFUSED];

const LOCAL: CallerEnds = { remoteAddress: "127.0.0.1", remotePort: 1, localAddress: "127.0.0.1" };
/** The owner of every connection that it is asked about. */
const OWN_USER = Object.assign(new LocalUser(1), { isOwn: () => Promise.resolve(true) });

function setUp(keys: readonly ApiKey[], more: Partial<AdminDoorOptions> = {}) {
  const door = new AdminDoor({ adminKey: "admin", isChosen: false, ...more });
  const managers = { door, ring: new KeyRing(keys) };
  const app = new Hono<ApiEnv>()
    .post("/in", async (c) => {
      await door.signIn(c, "admin");
      return c.text("in");
    })
    .get("/asks", async (c) => c.text(String(await mayManage(c, managers))))
    .use(requireManage(managers))
    .post("/change", (c) => c.text(c.get("key")?.name ?? "nobody's"));
  app.onError((error, c) => {
    if (!(error instanceof RefusedError)) throw error;
    const { status, body } = answerFor(error.refusal);
    return c.json(body, status);
  });
  const change = async (headers: Record<string, string> = {}, connection?: CallerEnds) => {
    const env = connection === undefined ? {} : { connection };
    const init = { method: "POST", headers: { host: "localhost:9337", ...headers } };
    const response = await app.request("http://localhost:9337/change", init, env);
    return { status: response.status, text: await response.text() };
  };
  const cookie = async () => {
    const response = await app.request("/in", { method: "POST" });
    return response.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
  };
  return { app, change, cookie };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

Deno.test("requireManage() lets in keys with the right, the admin key and the console's sessions", async () => {
  const { change, cookie, app } = setUp(KEYS);
  const table: [string, Record<string, string>, number][] = [
    ["a key with the right", bearer("sk-owner"), 200],
    ["the same as Anthropic's clients send it", { "x-api-key": "sk-owner" }, 200],
    ["the admin key", bearer("admin"), 200],
    ["a session of the console", { cookie: await cookie() }, 200],
    ["a key without it", bearer("sk-ci"), 403],
    ["a key of which it is said", bearer("sk-off"), 403],
    ["a key that is none", bearer("sk-else"), 401],
    ["no key", {}, 401],
    ["a session that is none", { cookie: "mesh-llm-admin=made-up" }, 401],
  ];
  for (const [what, headers, status] of table) {
    assert.equal((await change(headers)).status, status, what);
  }
  assert.equal((await change(bearer("sk-owner"))).text, "owner");
  assert.match((await change(bearer("sk-ci"))).text, /The key 'ci' may not manage this node/);
  const asks = async (headers: HeadersInit) =>
    await (await app.request("/asks", { headers })).text();
  assert.equal(await asks(bearer("sk-owner")), "true");
  assert.equal(await asks(bearer("sk-ci")), "false");
});

Deno.test("requireManage() refuses every page of another site or port, whatever it sends", async () => {
  const { change, cookie } = setUp(KEYS);
  const pages: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "http://localhost:3131" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
  ];
  const own = setUp([], { localUser: OWN_USER });
  for (const page of pages) {
    const sent = [bearer("sk-owner"), bearer("admin"), { cookie: await cookie() }];
    for (const headers of sent) {
      assert.equal((await change({ ...page, ...headers })).status, 403, JSON.stringify(page));
    }
    assert.equal((await own.change(page, LOCAL)).status, 403, JSON.stringify(page));
  }
});

Deno.test("requireManage() knows the node's own user where the API takes no keys", async () => {
  const { change } = setUp([], { localUser: OWN_USER });
  assert.equal((await change({}, LOCAL)).status, 200);
  // Ollama's clients send a key that somebody made up.
  assert.equal((await change(bearer("ollama"), LOCAL)).status, 200);
  assert.equal((await change({ "x-forwarded-for": "192.0.2.1" }, LOCAL)).status, 401);
  assert.equal((await change({ host: "gpu.example" }, LOCAL)).status, 401);
  const stranger = setUp([]);
  assert.equal((await stranger.change({}, LOCAL)).status, 401);
  assert.equal((await stranger.change(bearer("ollama"), LOCAL)).status, 401);
});

Deno.test("requireManage() asks the node's own user for a right key where the API takes keys", async () => {
  const { change } = setUp(KEYS, { localUser: OWN_USER });
  assert.equal((await change(bearer("sk-ci"), LOCAL)).status, 403);
  assert.equal((await change(bearer("sk-else"), LOCAL)).status, 401);
});
