import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { denort } from "../../scripts/denort.ts";
import { run } from "../../scripts/run.ts";
import { addonPackage } from "../../src/mesh/quic/addon.ts";
import { sha256 } from "../downloads/faulty_server.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { programCommand, runProgram, temporaryFolder } from "../support/program.ts";
import { smallDisk, whyNoMounts } from "../support/small_disk.ts";
import { compiledTest } from "./compiled_nodes.ts";
import { answersExactly, answerTo, startServing, until, warm } from "./mesh_of_nodes.ts";

compiledTest("the executable alone in an empty folder: solo, split and client", async (path) => {
  await using folder = await temporaryFolder();
  const alone = join(folder.path, "mesh-llm");
  await Deno.copyFile(path, alone);
  const program = { compiled: alone, cwd: folder.path };
  await using host = await startServing(
    ["--model", "guide", "--split", "--max-vram", "2"],
    program,
  );
  await until(host, "warm", warm("guide", "solo"));
  await answersExactly(host);
  await using worker = await startServing(["--join", host.token, "--max-vram", "1"], program);
  await using client = await startServing(["--client", "--join", host.token], program);
  await until(client, "warm split", warm("guide", "split"));
  for (const node of [host, worker, client]) await answersExactly(node);
  // The executable may call the system for it, as it does for memory.
  for (const { lines } of [host, worker]) {
    const kept = lines.filter(({ message }) => /keeps the system's receive/.test(String(message)));
    assert.equal(kept.length, Deno.build.os === "linux" ? 0 : 1);
  }
  // The thread that hashes weights is a file of its own in the executable.
  for (const { lines } of [host, worker]) {
    const plain = lines.filter(({ message }) => /will cross the network/.test(String(message)));
    assert.deepEqual(plain, []);
  }
  const page = await fetch(host.ready.console);
  assert.match(await page.text(), /<script type="module"/);
  const metrics = await (await fetch(`${host.ready.console}/metrics`)).text();
  assert.match(metrics, /^mesh_llm_requests_total\{model="guide".*outcome="answered"\} \d+$/m);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name), [
    "mesh-llm",
  ]);
});

// Each is a part of its own that is loaded only when its command is given.
compiledTest("the executable's commands act on a node, and one without a node", async (path) => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const model = join(dataDir, "models/small.gguf");
  await Deno.mkdir(dirname(model), { recursive: true });
  await Deno.copyFile(GUIDE, model);
  await using node = await startServing(["--model", "guide"], { compiled: path, dataDir });
  await node.serving("guide");
  const program = { compiled: path, cwd: folder.path };
  const ask = async (words: readonly string[], typed = "") => {
    const command = [...words, "--data-dir", dataDir];
    const child = programCommand(command, { ...program, stdin: "piped" }, folder.path).spawn();
    const [{ code, stdout, stderr }] = await Promise.all([
      child.output(),
      new Blob([typed]).stream().pipeTo(child.stdin).catch(() => {}), // not each of them reads it
    ]);
    const [said, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.deepEqual([code, told], [0, ""], words.join(" "));
    return said!;
  };
  assert.equal(await ask(["chat", "guide"], "hello\n"), `${answerTo("hello")}\n`);
  assert.match(await ask(["ps"]), /^MODEL .*\nguide +\S+ +ready /);
  assert.match(await ask(["ls"]), /^small +1\.5 MB /m);
  assert.equal(await ask(["rm", "small", "--yes"]), "Removed small (1.5 MB)\n");
  assert.doesNotMatch(await ask(["ls"]), /^small /m);
  assert.match(await ask(["stop"]), /^The node with pid \d+ has stopped\n$/);
  assert.equal(await node.exited, 0);
  await Deno.copyFile(GUIDE, model);
  assert.equal(await ask(["rm", "small", "--yes"]), "Removed small (1.5 MB)\n");
});

compiledTest("the executable tells the licences of all that is in it", async (path) => {
  const { code, stdout, stderr } = await runProgram(["licenses"], { compiled: path });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^hono \S+: MIT$/m);
  assert.match(stdout, /^@chainsafe\/libp2p-quic \S+: MIT$/m);
  assert.match(stdout, /Permission is hereby granted, free of charge/);
  const source = await runProgram(["licenses"]);
  assert.equal(source.code, 1);
  assert.match(source.stderr, /deno run -A scripts\/licenses\.ts prints it\n$/);
});

const noMounts = await whyNoMounts();
if (noMounts !== null) {
  Deno.test.ignore(`a temporary folder that is noexec (${noMounts})`, () => {});
} else {
  compiledTest(
    "the executable starts where nothing may run in the temporary folder",
    async (path) => {
      await using disk = await smallDisk("size=64m,noexec");
      const env = { TMPDIR: disk.path };
      await using node = await startServing(["--model", "guide"], { compiled: path, env });
      await answersExactly(node);
      const doctor = await runProgram(["doctor", "--data-dir", node.dataDir], {
        compiled: path,
        env,
      });
      assert.match(doctor.stdout, /^ok +QUIC: Its addon works here$/m);
      const nowhere = ["--data-dir", join(disk.path, "data")];
      const refused = await runProgram(["--model", "guide", ...nowhere], { compiled: path, env });
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /^mesh-llm: The QUIC addon can't be loaded, .* \(noexec\)\. Put mesh-llm, or [^\n]*\n$/m,
      );
      assert.doesNotMatch(refused.stderr, /bug/);
    },
  );
}

compiledTest(
  "the executable runs nothing that lies in shared folders, and leaves nothing there",
  async (path) => {
    await using folder = await temporaryFolder();
    const [own, shared] = [join(folder.path, "own"), join(folder.path, "shared")];
    await Deno.mkdir(own);
    await Deno.mkdir(shared);
    const alone = join(own, "mesh-llm");
    await Deno.copyFile(path, alone);
    await plantModules(folder.path);
    await using node = await startServing(["--model", "guide"], {
      compiled: alone,
      cwd: own,
      env: { TMPDIR: shared },
    });
    await answersExactly(node);
    const left = await Array.fromAsync(Deno.readDir(shared));
    assert.deepEqual(left.map(({ name }) => name), ["deno-native-addons"]);
    const { mode } = await Deno.lstat(join(shared, "deno-native-addons"));
    assert.equal((mode ?? 0) & 0o777, 0o700);
  },
);

compiledTest("a folder for the addon that somebody else has made is not used", async (path) => {
  await using folder = await temporaryFolder();
  const [theirs, shared] = [join(folder.path, "theirs"), join(folder.path, "shared")];
  await Deno.mkdir(theirs);
  await Deno.mkdir(shared);
  await Deno.symlink(theirs, join(shared, "deno-native-addons"));
  await using node = await startServing(["--model", "guide"], {
    compiled: path,
    env: { TMPDIR: shared },
  });
  await answersExactly(node);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(theirs)), []);
});

/** The modules that Node's rules would find above the executable, were it not for its own. */
async function plantModules(folder: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "commonjs" }));
  const addon = join(folder, "node_modules", addonPackage(Deno.build.target));
  await Deno.mkdir(addon, { recursive: true });
  await Deno.writeTextFile(join(addon, "package.json"), JSON.stringify({ main: "index.js" }));
  await Deno.writeTextFile(join(addon, "index.js"), "throw new Error('planted');");
}

compiledTest("two compilations of one source are the same, byte for byte", async (path) => {
  const digest = async () => sha256(await Deno.readFile(path));
  const once = await digest();
  const base = Deno.env.get("DENORT_BIN") ?? await denort().catch(() => "");
  const { success, text } = await run(Deno.execPath(), ["run", "-A", "scripts/compile.ts"], {
    env: { DENORT_BIN: base },
    output: "capture",
  });
  assert.ok(success, text);
  assert.equal(await digest(), once);
});
