import assert from "node:assert/strict";
import type { LanStatus } from "../../src/api/base/types.ts";
import { lanShown } from "../../console/src/lib/lan_view.ts";
import { MINI, peer, status } from "../support/console_status.ts";

const lan: LanStatus = {
  state: "announced",
  problem: null,
  mesh: { name: "studio", shortId: "0a1b2c3d" },
  meshes: [
    { name: "studio", shortId: "ffffffff", machines: 2, addresses: ["192.168.1.9:47001"] },
  ],
  peers: [{ id: MINI, addresses: [`/ip4/192.168.1.5/udp/47001/quic-v1/p2p/${MINI}`] }],
};

Deno.test("lanShown() lists machines of this mesh by their names, and other meshes apart from it", () => {
  const shown = lanShown(status({ peers: [peer()], lan }));
  assert.equal(shown?.sentence, "Others see this mesh as studio's mesh (0a1b2c3d).");
  assert.deepEqual(shown?.rows.map(({ name, mesh, detail }) => [name, mesh, detail]), [
    ["mini", null, "machine of this mesh, at 192.168.1.5"],
    ["studio's mesh", "ffffffff", "another mesh (ffffffff), 2\u00a0machines at 192.168.1.9:47001"],
  ]);
});

Deno.test("lanShown() tells the router's address, where there is one", () => {
  const address = "45.76.1.1:47001";
  const shown = (state: "mapped" | "hidden") =>
    lanShown(status({ lan, portMapping: { state, by: "UPnP", address, problem: null } }))?.sentence;
  const seen = "Others see this mesh as studio's mesh (0a1b2c3d).";
  assert.equal(shown("hidden"), seen);
  assert.equal(
    shown("mapped"),
    `${seen} Through the router it is reached at 45.76.1.1:47001 (UPnP).`,
  );
});

Deno.test("lanShown() says nothing of a node that does not look, and that nobody is there", () => {
  assert.equal(lanShown(status()), null);
  assert.equal(lanShown(status({ lan: { ...lan, state: "off" } })), null);
  const alone = lanShown(status({ lan: { ...lan, mesh: null, meshes: [], peers: [] } }));
  assert.equal(
    alone?.sentence,
    "This machine looks around and does not announce itself. Nobody else was found here yet.",
  );
});
