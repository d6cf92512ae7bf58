/** A machine joins from a terminal, with a person in front of it and without one. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readLastStart } from "../../src/cli/config/last_start.ts";
import { DataDirLock } from "../../src/node/data/data_dir.ts";
import { compiledProgram } from "../support/compiled.ts";
import { answersExactly, binDirOption, until, warm } from "./mesh_of_nodes.ts";
import { runProgram } from "../support/program.ts";
import { buildOneNetwork } from "../support/one_network.ts";
import { temporaryFolder } from "../support/program.ts";
import { openTerminal } from "../support/terminal.ts";
import { GUIDE, networkTest, pairingOf, sees, startOn } from "./nodes_on_network.ts";

const compiled = await compiledProgram();

networkTest("a first start in a terminal asks, shows the code, and is in the mesh", async () => {
  await using network = await buildOneNetwork(2);
  const [here, there] = network.machines;
  await using studio = await startOn(here!, GUIDE, { name: "studio" });
  await until(studio, "announced", ({ lan }) => lan?.mesh?.name === "studio");
  await using folder = await temporaryFolder();
  const { namespace } = there!;
  // The executable does it as well, from an empty folder.
  const alone = join(folder.path, "mesh-llm");
  if (compiled.path !== null) await Deno.copyFile(compiled.path, alone);
  const program = compiled.path === null ? {} : { compiled: alone, cwd: folder.path };
  const ports = ["--port", "0", "--console-port", "0", "--name", "mini"];
  const words = [...ports, ...binDirOption];
  const pair = (...rest: string[]) =>
    runProgram(["pair", ...rest, "--data-dir", studio.dataDir], here!);
  {
    await using terminal = openTerminal(words, folder.path, { namespace, ...program });
    await terminal.until(/studio's mesh is here\. Ask to join\? \[Y\/n\] /);
    terminal.type("n\r");
    await terminal.until(/Usage: mesh-llm/);
    assert.equal(await terminal.exited(), 0);
  }
  assert.match((await pair("list")).stdout, /^No machine asks to join\n$/);
  await using terminal = openTerminal(words, folder.path, { namespace, ...program });
  await terminal.until(/studio's mesh is here\. Ask to join\? \[Y\/n\] /);
  terminal.type("\r");
  const shown = await terminal.until(/Code \d{3}-\d{3}\. Type it on a machine of studio's mesh/);
  const [code = ""] = /\d{3}-\d{3}/.exec(shown) ?? [];
  await studio.waitFor(({ message }) => /^mini asks to join\. Type the code/.test(message));
  assert.match((await pair("list")).stdout, /^NAME .*\nmini +10\.214\.1\.2 +3 /);
  const wrong = await pair("accept", code === "000-000" ? "000001" : "000000");
  assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /not the code that the other machine shows, 2 tries are left/);
  const accepted = await pair("accept", code, "--json");
  assert.deepEqual(JSON.parse(accepted.stdout), { name: "mini", role: "member" });
  await until(studio, "with mini", ({ peers }) => peers[0]?.name === "mini");
  terminal.type("\x03");
  await terminal.exited();
});

networkTest(
  "join without a person: by name or the only one, and a running node moves",
  async () => {
    await using network = await buildOneNetwork(2);
    const [here, there] = network.machines;
    await using folder = await temporaryFolder();
    const joining = (...rest: string[]) =>
      runProgram(["join", ...rest, "--data-dir", folder.path], there!);
    const nobody = await joining("--yes");
    assert.deepEqual([nobody.code, nobody.stdout], [1, ""]);
    assert.match(nobody.stderr, /No other mesh is on this network/);
    await using studio = await startOn(here!, GUIDE, { name: "studio" });
    await using mini = await startOn(there!, GUIDE, {
      name: "mini",
      dataDir: `${folder.path}/node`,
    });
    await until(mini, "seeing studio", sees(1));
    const unknown = await joining("office", "--data-dir", mini.dataDir);
    assert.match(unknown.stderr, /No mesh of that name .* studio \([0-9a-f]{8}\)/);
    const ask = ["join", "studio", "--json", "--data-dir", mini.dataDir];
    await using asking = openTerminal(ask, folder.path, { namespace: there!.namespace });
    await asking.until(/"state":\s*"code"/);
    const refused = await runProgram(["pair", "refuse", "--data-dir", studio.dataDir], here!);
    assert.deepEqual([refused.code, refused.stdout], [0, "mini was sent away\n"]);
    assert.match(await asking.until(/refused there/), /"state":\s*"refused"/);
    assert.equal(await asking.exited(), 1);
  },
);

networkTest("a member that is let in as a client becomes one, or stays as it is", async () => {
  await using network = await buildOneNetwork(2);
  const [here, there] = network.machines;
  await using studio = await startOn(here!, GUIDE, { name: "studio" });
  await using mini = await startOn(there!, GUIDE, { name: "mini" });
  const [{ mesh: own }, { mesh }] = [
    await mini.serving("guide").then(() => mini.status()),
    await studio.status(),
  ];
  await until(mini, "seeing studio", sees(1));
  const letIn = async () => {
    const ask = ["join", "studio", "--data-dir", mini.dataDir];
    const asking = openTerminal(ask, mini.dataDir, { namespace: there!.namespace });
    const [, code = ""] = /Code (\d{3}-\d{3})/.exec(await asking.until(/Type it on a machine/)) ??
      [];
    const answer = ["pair", "accept", code, "--role", "client", "--data-dir", studio.dataDir];
    assert.equal((await runProgram(answer, here!)).stdout, "mini joins as a client\n");
    return asking;
  };
  {
    const clients = await DataDirLock.acquire(join(mini.dataDir, "client"));
    await using asking = await letIn();
    await asking.until(
      /as a client, and a client can't be started here: Cannot use .* It is a member/s,
    );
    assert.equal(await asking.exited(), 1);
    await clients.release();
  }
  const { node, mesh: still } = await until(mini, "serving again", warm("guide", "solo"));
  assert.deepEqual([node.role, still.id], ["host", own.id]);
  await using asking = await letIn();
  await asking.until(/This machine is in studio's mesh now/);
  assert.equal(await asking.exited(), 0);
  const status = await until(mini, "studio's client", ({ peers }) => peers.length === 1);
  assert.deepEqual([status.node.role, status.mesh.id], ["client", mesh.id]);
  assert.equal((await pairingOf(mini).view()).own?.state, "joined");
  await answersExactly(mini);
  assert.equal(readLastStart(mini.dataDir)?.role, "client");
});
