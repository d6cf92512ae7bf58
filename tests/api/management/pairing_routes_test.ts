import assert from "node:assert/strict";
import {
  type PairingAnswer,
  type PairingRefusal,
  PairingRefusedError,
} from "../../../src/api/mod.ts";
import { createManagement } from "../../../src/api/management/management.ts";
import { getLogger } from "@logtape/logtape";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../../src/api/keys/key_book.ts";
import { asking, FakeNode, NO_PAIRING } from "../fake_node.ts";
import { SseReader } from "../sse_reader.ts";

function setUp(adminKey: string | null = null) {
  const node = new FakeNode();
  const management = createManagement(node, {
    door: new AdminDoor({ adminKey }),
    signInUrl: () => null,
    logger: getLogger("test"),
    addresses: () => [],
    keys: new KeyBook({ fixed: [] }),
  });
  const post = (action: string, body: unknown) =>
    management.request(`/api/pairing/${action}`, asking(body));
  return { node, management, post };
}

const ANSWER = { code: "482-913", role: "member", mayInvite: true };

Deno.test("GET /api/pairing and its event are the same view", async () => {
  const { node, management } = setUp();
  const view = NO_PAIRING.view();
  assert.deepEqual(await (await management.request("/api/pairing")).json(), view);
  const events = new SseReader((await management.request("/api/events")).body!);
  await events.next();
  node.send({ type: "pairing", pairing: view });
  const { event, data } = await events.next();
  assert.equal(event, "pairing");
  assert.deepEqual(data, view);
  await events.cancel();
});

Deno.test("the answers and requests of a person come through as they were typed", async () => {
  const { node, post } = setUp();
  const asked: unknown[] = [];
  node.pairing = {
    ...NO_PAIRING,
    accept: (answer: PairingAnswer) => {
      asked.push(answer);
      return Promise.resolve({ name: "mini", role: answer.role });
    },
    refuse: (id) => Promise.resolve(void asked.push(id)),
    ask: (request) => Promise.resolve(void asked.push(request)),
  };
  const accepted = await post("accept", { ...ANSWER, id: "a1" });
  assert.deepEqual([accepted.status, await accepted.json()], [200, {
    name: "mini",
    role: "member",
  }]);
  assert.equal((await post("refuse", {})).status, 204);
  assert.equal((await post("refuse", { id: "a1" })).status, 204);
  assert.equal((await post("ask", { mesh: "studio" })).status, 202);
  assert.equal((await post("cancel", {})).status, 204);
  assert.deepEqual(asked, [
    { ...ANSWER, id: "a1" },
    undefined,
    "a1",
    { mesh: "studio", leave: false },
  ]);
});

for (
  const [why, status, code] of [
    ["wrong-code", 403, "wrong_code"],
    ["may-not-invite", 403, "may_not_invite"],
    ["no-request", 404, "no_request"],
    ["unknown-mesh", 404, "mesh_not_found"],
    ["in-a-mesh", 409, "in_a_mesh"],
    ["asking", 409, "asking_already"],
    ["off", 409, "pairing_off"],
  ] satisfies [PairingRefusal, number, string][]
) {
  Deno.test(`a refusal of pairing, ${why}, is ${status} ${code} with its sentence`, async () => {
    const { node, post } = setUp();
    const refused = () => Promise.reject(new PairingRefusedError(why, "A sentence", 2));
    node.pairing = { ...NO_PAIRING, accept: refused, ask: refused };
    for (const response of [await post("accept", ANSWER), await post("ask", { mesh: "studio" })]) {
      const { error } = await response.json();
      assert.deepEqual([response.status, error.code, error.message], [status, code, "A sentence"]);
      assert.equal(error.triesLeft, why === "wrong-code" ? 2 : undefined);
    }
  });
}

Deno.test("what is no answer and no request is refused before the node hears of it", async () => {
  const { node, management, post } = setUp();
  const never = () => Promise.reject(new Error("The node was asked"));
  node.pairing = { ...NO_PAIRING, accept: never, refuse: never, ask: never };
  const wrong = [{ code: "48291" }, { code: "abc-def" }, { role: "relay" }, { mayInvite: "yes" }];
  for (const part of wrong) {
    assert.equal((await post("accept", { ...ANSWER, ...part })).status, 400, JSON.stringify(part));
  }
  assert.equal((await post("ask", {})).status, 400);
  assert.equal((await post("refuse", { who: "mini" })).status, 400);
  const untyped = { method: "POST", body: "{}" };
  assert.equal((await management.request("/api/pairing/refuse", untyped)).status, 415);
});

Deno.test("pairing is for those who may manage the node", async () => {
  const { management, post } = setUp("admin");
  assert.equal((await management.request("/api/pairing")).status, 401);
  assert.equal((await post("accept", ANSWER)).status, 401);
  assert.equal((await post("ask", { mesh: "studio" })).status, 401);
});
