import { Hono } from "hono";
import assert from "node:assert/strict";
import { AdminDoor } from "../../src/api/admin_session.ts";
import type { ApiEnv } from "../../src/api/guards.ts";
import { RefusedError } from "../../src/api/openai_errors.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

function setUp(adminKey: string | null = "admin") {
  const clock = { nowMs: 0 };
  const door = new AdminDoor(adminKey, () => clock.nowMs);
  const app = new Hono<ApiEnv>()
    .post("/in/:key", (c) => {
      door.signIn(c, c.req.param("key"));
      return c.text("in");
    })
    .post("/out", (c) => {
      door.signOut(c);
      return c.text("out");
    })
    .get("/state", (c) => c.text(String(door.isSignedIn(c))))
    .use(door.guard)
    .get("/inside", (c) => c.text("inside"));
  app.onError((error, c) => c.text(`${error}`, error instanceof RefusedError ? 401 : 500));
  const signIn = async (key = "admin") => {
    const response = await app.request(`/in/${key}`, { method: "POST" });
    return { status: response.status, cookie: response.headers.get("set-cookie") };
  };
  const inside = async (headers: HeadersInit = {}) =>
    (await app.request("/inside", { headers })).status;
  return { app, clock, signIn, inside };
}

const cookieOf = (header: string | null) => ({ cookie: header?.split(";", 1)[0] ?? "" });

Deno.test("Who signs in with the admin key is known by a cookie that no script can read", async () => {
  const { app, signIn, inside } = setUp();
  assert.equal(await inside(), 401);
  const { cookie } = await signIn();
  assert.match(cookie ?? "", /^mesh-llm-admin=[\w-]{43}; /);
  for (const word of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"]) {
    assert.match(cookie ?? "", new RegExp(`; ${word}(;|$)`));
  }
  assert.doesNotMatch(cookie ?? "", /admin=admin/);
  assert.equal(await inside(cookieOf(cookie)), 200);
  const state = await app.request("/state", { headers: cookieOf(cookie) });
  assert.equal(await state.text(), "true");
});

Deno.test("The key itself lets in too, and a wrong one does not, whatever the cookie", async () => {
  const { signIn, inside } = setUp();
  assert.equal(await inside({ authorization: "Bearer admin" }), 200);
  const { cookie } = await signIn();
  assert.equal(await inside({ ...cookieOf(cookie), authorization: "Bearer wrong" }), 401);
  assert.deepEqual(await signIn("wrong"), { status: 401, cookie: null });
  assert.equal(await inside({ cookie: "mesh-llm-admin=made-up" }), 401);
});

Deno.test("A session ends after a week, by signing out, and when too many others begin", async () => {
  const { app, clock, signIn, inside } = setUp();
  const first = cookieOf((await signIn()).cookie);
  clock.nowMs = WEEK_MS - 1;
  assert.equal(await inside(first), 200);
  clock.nowMs = WEEK_MS;
  assert.equal(await inside(first), 401);
  const second = cookieOf((await signIn()).cookie);
  const out = await app.request("/out", { method: "POST", headers: second });
  assert.match(out.headers.get("set-cookie") ?? "", /Max-Age=0/);
  assert.equal(await inside(second), 401);
  const third = cookieOf((await signIn()).cookie);
  for (let n = 0; n < 100; n++) await signIn();
  assert.equal(await inside(third), 401);
});

Deno.test("Without an admin key everybody is inside", async () => {
  const { app, inside } = setUp(null);
  assert.equal(await inside(), 200);
  assert.equal(await (await app.request("/state")).text(), "true");
});
