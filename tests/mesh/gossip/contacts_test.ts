import assert from "node:assert/strict";
import { Contacts } from "../../../src/mesh/gossip/contacts.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

const [here, stored, gone] = ["here", "stored", "gone"] as PeerId[] as [PeerId, PeerId, PeerId];

Deno.test("of a peer that is gone it is kept that it stands by, for as long as it is one to start from", () => {
  const contacts = new Contacts();
  for (const peer of [here, stored, gone]) {
    Object.assign(contacts.of(peer), { standsBy: true, lastGood: "/ip4/192.0.2.1" });
  }
  let looks = 0;
  const kept = {
    isHere: (peer: PeerId) => {
      assert.ok(++looks <= 100, "it does not come to an end");
      return peer === here;
    },
    isStored: (peer: PeerId) => peer === stored,
  };
  contacts.forgetOthers(kept);
  assert.equal(contacts.find(here)?.lastGood, "/ip4/192.0.2.1");
  assert.equal(contacts.find(stored)?.standsBy, true);
  assert.equal(contacts.find(stored)?.lastGood, undefined);
  assert.equal(contacts.find(gone), undefined);
  contacts.forgetOthers({ ...kept, isStored: () => false });
  assert.equal(contacts.find(stored), undefined);
});
