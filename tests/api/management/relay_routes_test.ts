import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../../src/api/keys/key_book.ts";
import { createManagement } from "../../../src/api/management/management.ts";
import { asking, FakeNode } from "../fake_node.ts";

const RELAY = {
  id: "12D3KooWRelay",
  name: "vps",
  addresses: ["/ip4/203.0.113.7/udp/1/quic-v1"],
  connected: true,
};

Deno.test("relays are listed, added by a claim, and removed; what is refused says why", async () => {
  const node = new FakeNode();
  const management = createManagement(node, {
    door: new AdminDoor({ adminKey: null }),
    signInUrl: () => null,
    logger: getLogger("test"),
    addresses: () => [],
    keys: new KeyBook({ fixed: [] }),
  });
  const add = (body: unknown) => management.request("/api/relays", asking(body));
  const remove = (id: string) => management.request(`/api/relays/${id}`, { method: "DELETE" });
  const refused = await add({ claim: "relay1_used" });
  assert.deepEqual([refused.status, (await refused.json()).error.message], [
    403,
    "This claim was used already",
  ]);
  assert.equal((await remove("nobody")).status, 404);
  for (const body of [{}, { claim: "" }, { claim: "x".repeat(5_000) }, { claim: "x", more: 1 }]) {
    assert.equal((await add(body)).status, 400);
  }
  const asked: unknown[] = [];
  node.relays = {
    list: () => [RELAY],
    add: (...claim) => Promise.resolve((asked.push(claim), RELAY)),
    remove: (id) => Promise.resolve(void asked.push(id)),
  };
  assert.deepEqual(await (await add({ claim: "relay1_new", name: "vps" })).json(), RELAY);
  assert.deepEqual(await (await management.request("/api/relays")).json(), { relays: [RELAY] });
  assert.deepEqual(await (await remove(RELAY.id)).json(), { id: RELAY.id });
  assert.deepEqual(asked, [["relay1_new", "vps"], RELAY.id]);
});
