/** A man in the middle announces himself on the network as a machine of the mesh, and speaks for both ends. */

import assert from "node:assert/strict";
import { PAIRING_TRIES } from "../../src/mesh/pairing/defaults.ts";
import { startHelper } from "../support/helper_program.ts";
import { buildOneNetwork } from "../support/one_network.ts";
import { until } from "./mesh_of_nodes.ts";
import { GUIDE, networkTest, pairingOf, startOn } from "./nodes_on_network.ts";

const MEMBER = { role: "member", mayInvite: true } as const;

networkTest(
  "a man in the middle who announces himself gets nobody in, and keeps nobody out",
  async () => {
    await using network = await buildOneNetwork(3);
    // Of the machines of a mesh that one is asked first whose address comes first.
    const [between, here, there] = network.machines;
    await using studio = await startOn(here!, GUIDE, { name: "studio" });
    await until(studio, "announced", ({ lan }) => lan?.mesh?.name === "studio");
    await using _middle = await startHelper(between!.namespace, "lan_middle.ts", [
      between!.address,
    ]);
    await using mini = await startOn(there!, GUIDE, { name: "mini" });
    const { lan, mesh } = await until(
      mini,
      "hearing both as one mesh",
      ({ lan }) => lan?.meshes[0]?.machines === 2,
    );
    assert.deepEqual(
      lan?.meshes.map(({ name, addresses }) => [name, addresses.map((one) => one.split(":")[0])]),
      [["studio", [between!.address, here!.address]]],
    );
    const [asking, asked] = [pairingOf(mini), pairingOf(studio)];
    const codeOf = async () => {
      assert.equal((await asking.post("ask", { mesh: "studio" })).status, 202);
      const { own } = await asking.until(({ own }) => own?.state === "code");
      const { requests } = await asked.until(({ requests }) => requests.length === 1);
      return { code: own?.code ?? "", from: requests[0]?.address };
    };
    const first = await codeOf();
    assert.equal(first.from, between!.address);
    for (let left = PAIRING_TRIES - 1; left >= 0; left--) {
      const { body } = await asked.post("accept", { ...MEMBER, code: first.code });
      assert.deepEqual([body.error?.code, body.error?.triesLeft], ["wrong_code", left]);
    }
    const { own } = await asking.until(({ own }) => own?.state === "refused");
    assert.match(own?.problem ?? "", /wrong three times/);
    const { tokens } = await (await fetch(`${studio.ready.console}/api/tokens`)).json();
    assert.deepEqual(tokens.filter(({ name }: { name: string }) => name === "mini"), []);
    assert.equal((await mini.status()).mesh.id, mesh.id);

    // It has to wait now, and studio itself is asked.
    const second = await codeOf();
    assert.equal(second.from, there!.address);
    assert.equal((await asked.post("accept", { ...MEMBER, code: second.code })).status, 200);
    const joined = await until(mini, "with studio", ({ peers }) => peers.length === 1);
    assert.equal(joined.mesh.id, (await studio.status()).mesh.id);
  },
);
