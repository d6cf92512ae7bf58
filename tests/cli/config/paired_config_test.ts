/** The node that is started where a code was typed. */

import assert from "node:assert/strict";
import { pairedConfig } from "../../../src/cli/config/paired_config.ts";
import type { ServeConfig } from "../../../src/cli/config/serve_command.ts";
import { NODE_DEFAULTS, withChanges } from "../../../src/node/config.ts";

const member: ServeConfig = {
  ...NODE_DEFAULTS,
  kind: "serve",
  dataDir: "/data",
  name: "mini",
  insecure: false,
  weeklyLook: false,
  logFormat: "pretty",
  warnings: [],
};

/** Keys were made for the member alone. */
const facts = { hasMadeKeys: (dataDir: string) => dataDir === "/data" };

Deno.test("a client has a folder of its own and serves nothing, a member goes on where it is", () => {
  const serving = withChanges(member, { serving: { models: ["guide"] } });
  const start = (role: string) => {
    const { client, dataDir, mesh: { join, leave }, serving: { models } } = pairedConfig(
      serving,
      { token: "mesh1_x", role },
      { facts },
    );
    return { client, dataDir, join, leave, models };
  };
  const joined = { join: "mesh1_x", leave: true };
  assert.deepEqual(start("client"), {
    ...joined,
    client: true,
    dataDir: "/data/client",
    models: [],
  });
  assert.deepEqual(start("member"), {
    ...joined,
    client: false,
    dataDir: "/data",
    models: ["guide"],
  });
});

Deno.test("the keys that guard a member's API are not its client's: that is not opened without one", () => {
  const open = withChanges(member, { api: { listen: "0.0.0.0" } });
  const start = (config: ServeConfig, role: string) => () =>
    pairedConfig(config, { token: "mesh1_x", role }, { facts });
  start(open, "member")();
  assert.throws(start(open, "client"), /--listen 0\.0\.0\.0 opens the API to the network/);
  start(withChanges(open, { api: { apiKey: "k".repeat(32) } }), "client")();
});
