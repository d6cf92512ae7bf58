import { Hono } from "hono";
import assert from "node:assert/strict";
import { AdminDoor, type AdminDoorOptions } from "../../../src/api/keys/admin_session.ts";
import type { ApiEnv } from "../../../src/api/keys/api_env.ts";
import { type CallerEnds, LocalUser } from "../../../src/api/http/local_user.ts";
import { answerFor, RefusedError } from "../../../src/api/http/openai_errors.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

function setUp(adminKey: string | null = "admin", more: Partial<AdminDoorOptions> = {}) {
  const clock = { nowMs: 0 };
  const door = new AdminDoor({ adminKey, now: () => clock.nowMs, ...more });
  const app = new Hono<ApiEnv>()
    .post("/in/:key", async (c) => {
      await door.signIn(c, c.req.param("key"));
      return c.text("in");
    })
    .post("/link/:code", (c) => {
      door.signInByLink(c, c.req.param("code"));
      return c.text("in");
    })
    .post("/out", (c) => {
      door.signOut(c);
      return c.text("out");
    })
    .get("/state", async (c) => c.text(String(await door.isSignedIn(c))))
    .use(door.guard)
    .get("/inside", (c) => c.text("inside"));
  app.onError((error, c) => {
    if (!(error instanceof RefusedError)) throw error;
    return c.text(`${error}`, answerFor(error.refusal).status);
  });
  const signIn = async (key = "admin") => {
    const response = await app.request(`/in/${key}`, { method: "POST" });
    return { status: response.status, cookie: response.headers.get("set-cookie") };
  };
  const follow = async (code: string) => {
    const response = await app.request(`/link/${code}`, { method: "POST" });
    return { status: response.status, cookie: response.headers.get("set-cookie") };
  };
  const inside = async (headers: HeadersInit = {}, connection?: CallerEnds) =>
    (await app.request("/inside", { headers }, connection === undefined ? {} : { connection }))
      .status;
  return { app, door, clock, signIn, follow, inside };
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

Deno.test("A link signs in once, and not when it is old", async () => {
  const { door, clock, follow, inside } = setUp();
  const code = door.newLink();
  const { status, cookie } = await follow(code);
  assert.equal(status, 200);
  for (const word of ["HttpOnly", "SameSite=Strict"]) assert.ok(cookie?.includes(word));
  assert.equal(await inside(cookieOf(cookie)), 200);
  assert.deepEqual(await follow(code), { status: 401, cookie: null });
  assert.deepEqual(await follow("made-up"), { status: 401, cookie: null });
  const old = door.newLink();
  clock.nowMs = 10 * 60_000;
  assert.deepEqual(await follow(old), { status: 401, cookie: null });
  assert.equal(await inside(cookieOf(cookie)), 200, "who is signed in stays so");
});

Deno.test("So many links wait at a time, and the newest count", async () => {
  const { door, follow } = setUp();
  const first = door.newLink();
  const others = Array.from({ length: 20 }, () => door.newLink());
  assert.equal((await follow(first)).status, 401);
  assert.equal((await follow(others[0]!)).status, 200);
});

Deno.test("The node's own user needs no key on this machine, and whom a proxy speaks for does", async () => {
  const ends = {
    remoteAddress: "127.0.0.1",
    remotePort: 1,
    localAddress: "127.0.0.1",
    localPort: 2,
  };
  const table = "  0: 0100007F:0001 0100007F:0002 01 0:0 0:0 0  7  0 99 1";
  const localUser = new LocalUser(7, () => Promise.resolve(table));
  const { inside } = setUp("admin", { localUser });
  const host = { host: "127.0.0.1:3131" };
  assert.equal(await inside(host, ends), 200);
  assert.equal(await inside(host), 401);
  assert.equal(await inside({ host: "gpu.lan" }, ends), 401);
  for (const name of ["x-forwarded-for", "forwarded", "via", "x-real-ip"]) {
    assert.equal(await inside({ ...host, [name]: "203.0.113.9" }, ends), 401, name);
  }
  assert.equal(await inside({ ...host, authorization: "Bearer wrong" }, ends), 401);
  const stranger = new LocalUser(8, () => Promise.resolve(table));
  assert.equal(await setUp("admin", { localUser: stranger }).inside(host, ends), 401);
});

Deno.test("Guesses at a chosen key are slowed down, at the door and in headers, and the owner comes in", async () => {
  const paused: number[] = [];
  const { inside, clock } = setUp("admin", {
    pause: (ms) => {
      paused.push(ms);
      return Promise.resolve();
    },
  });
  const from = (remoteAddress: string) => ({ remoteAddress });
  const guess = (n: number, address: string) =>
    inside({ authorization: `Bearer guess-${n}` }, from(address));
  const caller = "203.0.113.9";
  for (let n = 0; n < 5; n++) assert.equal(await guess(n, caller), 401);
  const statuses = await Promise.all(Array.from({ length: 50 }, (_, n) => guess(n, caller)));
  // A few wait for their turn; all beyond them are told at once, and not looked at.
  assert.deepEqual(paused, [1_000, 2_000, 3_000, 4_000, 5_000]);
  assert.equal(statuses.filter((status) => status === 429).length, 45);
  clock.nowMs = 2_000;
  assert.equal(await inside({ authorization: "Bearer admin" }, from(caller)), 200, "in its turn");
  assert.equal(await inside({ authorization: "Bearer admin" }, from("203.0.113.10")), 200);
});

Deno.test("All addresses of one IPv6 network are one guesser, however they are written", async () => {
  const pauses: number[] = [];
  const { inside } = setUp("admin", { pause: (ms) => Promise.resolve(pauses.push(ms)) });
  const guess = (remoteAddress: string) =>
    inside({ authorization: "Bearer guess" }, { remoteAddress });
  for (const end of ["a:1:1:1", "b:1:1:1", "c:1:1:1", "d", "1:e:0:1"]) {
    assert.equal(await guess(`2001:db8::${end}`), 401);
  }
  assert.equal(pauses.length, 0);
  await guess("2001:db8::f:1:1:1");
  assert.equal(pauses.length, 1);
  for (const other of ["2001:db8:0:1:f:1:1:1", "2001:db8:1::f", "::1", "fe80::1", "fe80::2"]) {
    await guess(other);
  }
  assert.equal(pauses.length, 1, "others are not concerned");
});

Deno.test("A key that the node has made is not guessed, so that nobody waits for a stranger", async () => {
  const { inside } = setUp("3f6c2b1e-made", { isChosen: false });
  const connection = { remoteAddress: "127.0.0.1" };
  for (let n = 0; n < 100; n++) {
    assert.equal(await inside({ authorization: `Bearer ${n}` }, connection), 401);
  }
  assert.equal(await inside({ authorization: "Bearer 3f6c2b1e-made" }, connection), 200);
});

Deno.test("Guesses of other users of the machine are not in the way of its own user", async () => {
  const ends = (remotePort: number) => ({
    remoteAddress: "127.0.0.1",
    remotePort,
    localAddress: "127.0.0.1",
    localPort: 2,
  });
  const table = "  0: 0100007F:0001 0100007F:0002 01 0:0 0:0 0  7  0 99 1";
  const pauses: number[] = [];
  const { inside } = setUp("admin", {
    localUser: new LocalUser(7, () => Promise.resolve(table)),
    pause: (ms) => Promise.resolve(pauses.push(ms)),
  });
  const send = (key: string, port: number) =>
    inside({ host: "localhost", authorization: `Bearer ${key}` }, ends(port));
  for (let n = 0; n < 50; n++) await send(`guess-${n}`, 3);
  const before = pauses.length;
  assert.equal(await send("admin", 1), 200);
  assert.equal(pauses.length, before);
});
