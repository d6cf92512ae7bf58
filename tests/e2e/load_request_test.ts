/** A client of the mesh that sends its requests for loads itself. */

import { TestMeshes } from "../mesh/test_mesh.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { GUIDE } from "../models/sample_gguf.ts";
import { temporaryFolder } from "../support/program.ts";
import { nodeTest, startServing, until } from "./mesh_of_nodes.ts";

nodeTest(
  "a member has nothing loaded that the key of a client's caller does not name",
  async () => {
    await using folder = await temporaryFolder();
    await Deno.copyFile(GUIDE, join(folder.path, "elsewhere.gguf"));
    await using host = await startServing(["--model", "guide"]);
    await host.serving("guide");
    const onDisk = ["--models-dir", folder.path];
    await using standby = await startServing(["--join", host.token, ...onDisk]);
    await until(host, "of two", ({ peers }) => peers.length === 1);
    await using meshes = new TestMeshes();
    const client = await meshes.start("client", { token: host.token, role: "client" });
    const wants = async (granted: readonly string[]) => {
      const table = await client.refreshRoutes({ force: true, wanting: "elsewhere", granted });
      return table.wanted.includes("elsewhere");
    };
    assert.equal(await wants(["guide"]), false);
    assert.equal(await wants([]), false);
    assert.equal(await wants(["guide", "elsewhere"]), true);
    await standby.serving("elsewhere");
  },
);
