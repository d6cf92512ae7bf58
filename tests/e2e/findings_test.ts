/** A model waits for memory, and the machine that has it speaks another RPC protocol: told wherever one looks. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startNode } from "../support/node_process.ts";
import { binDirOption, nodeTest, startServing, until } from "./mesh_of_nodes.ts";

/** Less than the guide needs, and more than half of it. */
const SMALL = ["--max-vram", "0.008"];

/** The node's record of its llama.cpp from now on: a real one of another protocol is on no test machine. */
async function pretendProtocol(dataDir: string, rpcProtocol: string): Promise<void> {
  const path = join(dataDir, "engine-probe.json");
  const probe = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...probe, rpcProtocol }));
}

nodeTest(
  "a waiting model names the machine whose memory it can't use, and the remedy",
  async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "bob");
    await using first = await startServing(["--model", "guide"], { dataDir });
    await first.stop();
    await pretendProtocol(dataDir, "7.1.0");

    await using ann = await startServing(["--model", "guide", ...SMALL], { name: "ann" });
    const join_ = ["--leave", "--join", ann.token];
    await using bob = await startServing(["--model", "guide", ...SMALL, ...join_], {
      dataDir,
      name: "bob",
    });
    await using eve = await startNode({ args: ["--client", "--join", ann.token], name: "eve" });
    for (const node of [ann, bob, eve]) {
      const { findings = [] } = await until(
        node,
        "told of the other protocol",
        (status) => status.findings?.some(({ about }) => about === "waiting") ?? false,
      );
      const finding = findings.find(({ about }) => about === "waiting");
      assert.match(
        finding?.found ?? "",
        /^guide waits for memory, and (ann|bob) \(8 MB\) can't/,
      );
      assert.match(finding?.found ?? "", /7\.1\.0/);
      assert.match(
        finding?.remedy ?? "",
        /engine install --like ann (here|on bob), and start it again$/,
      );
      const line = await node.waitFor("finding");
      assert.equal(line.level, "warning");
      assert.match(line.message, /guide waits for memory, .*7\.1\.0.*engine install/);
    }
    const { stdout } = await runProgram(["status", "--data-dir", ann.dataDir]);
    assert.match(
      stdout,
      /\nProblem: guide waits for memory, and (ann|bob) .*\n {2}Run .*engine install/,
    );
    const doctor = await runProgram(["doctor", "--json", "--data-dir", ann.dataDir]);
    assert.equal(doctor.code, 1);
    const problems = JSON.parse(doctor.stdout).findings
      .filter(({ level }: { level: string }) => level === "problem")
      .map(({ check }: { check: string }) => check);
    // It judges the node that runs: by itself it would miss the llama.cpp that --bin-dir names.
    assert.deepEqual(problems, ["memory", "RPC protocol"]);
  },
);

nodeTest("config show and doctor tell of the node that runs, not of one that might", async () => {
  await using node = await startServing(["--model", "guide", "--ctx", "1024"]);
  const { dataDir } = node;
  const shown = await runProgram(["config", "show", "--json", "--data-dir", dataDir]);
  const { running, settings } = JSON.parse(shown.stdout);
  const told = new Map(
    settings.map(({ name, ...rest }: { name: string }) => [name, rest]),
  );
  assert.equal(running, true);
  assert.deepEqual(told.get("bin-dir"), { value: binDirOption[1], from: "flag" });
  assert.deepEqual(told.get("ctx"), { value: 1024, from: "flag" });
  assert.deepEqual(told.get("split"), { value: false, from: "default" });
  const supposed = await runProgram(["config", "show", "--ctx", "2048", "--data-dir", dataDir]);
  assert.match(supposed.stdout, /ctx +2048 +flag\n/);
  assert.match(supposed.stdout, /bin-dir +- +default\n/);
  const doctor = await runProgram(["doctor", "--data-dir", dataDir]);
  assert.equal(doctor.code, 0, doctor.stdout);
  assert.match(doctor.stdout, /ok +llama\.cpp: Build/);
  assert.doesNotMatch(doctor.stdout, /trained for/);
  const setContext = (ctx: number) =>
    runProgram(["settings", "guide", `ctx=${ctx}`, "--data-dir", dataDir]);
  await setContext(100_000);
  const isCapped = ({ findings = [] }: Status) =>
    findings.some(({ about, found }) => about === "context" && /100,000/.test(found));
  await until(node, "told of the cap", isCapped);
  assert.match(
    (await runProgram(["doctor", "--data-dir", dataDir])).stdout,
    /trained for .* 2,048/,
  );
  assert.match((await runProgram(["status", "--data-dir", dataDir])).stdout, /Warning: guide was/);
  await setContext(1_024);
  await until(node, "rid of it", (status) => !isCapped(status));
});
