/**
 * A member in a process of its own, for tests that kill it. Prints its PeerId once it sees another
 * member. On SIGTERM it exits without a goodbye. Arguments: data directory, token.
 */
import { getLogger } from "@logtape/logtape";
import { MESH_DEFAULTS } from "../../src/mesh/config.ts";
import { startMesh } from "../../src/mesh/mod.ts";
import { content } from "./content.ts";
import { until } from "./test_mesh.ts";

const [dataDir, token] = Deno.args;
if (dataDir === undefined || token === undefined) Deno.exit(2);

const mesh = await startMesh({
  dataDir,
  config: { ...MESH_DEFAULTS, lan: false, portMapping: false, join: token },
  role: "member",
  name: "process",
  version: "0.1.0",
  logger: getLogger("test"),
  interfaces: () => [{ name: "lo", address: "127.0.0.1" }],
});
mesh.announce(content({ name: "process" }));
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
await until(mesh, () => mesh.members().length > 0);
Deno.stdout.writeSync(new TextEncoder().encode(`${mesh.self}\n`));
