import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { faultsOfStart } from "../../scripts/release/start.ts";
import { fromRoot } from "../../scripts/run.ts";
import { RELEASE_KEY } from "../../src/cli/update/release_key.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { makeRelease, releaseServer, testKey } from "../support/releases.ts";
import { laterVersion, writeVariant } from "../support/variant.ts";
import { compiledTest } from "./compiled_nodes.ts";
import { keepAsking } from "./constant_requests.ts";
import { startServing, until, warm } from "./mesh_of_nodes.ts";

compiledTest(
  "an executable starts in an empty folder, and it is said what does not",
  async (path) => {
    assert.deepEqual(await faultsOfStart(path, manifest.version), []);
    assert.deepEqual(await faultsOfStart(path, "9.9.9"), [
      `--version answers "${manifest.version}", not 9.9.9`,
    ]);
  },
);

compiledTest(
  "a release is installed and updated while its node answers, and goes back",
  async (path) => {
    await using folder = await temporaryFolder();
    const key = await testKey();
    const { publicKey } = key;
    const [old, next] = [laterVersion(1), laterVersion(2)];
    const releases = new Map<string, string>();
    for (const version of [old, next]) {
      const executable = join(folder.path, version);
      await writeVariant(path, executable, { version, publicKey });
      releases.set(version, join(folder.path, `release-${version}`));
    }
    for (const [version, release] of releases) {
      await makeRelease(release, version, { key, executable: join(folder.path, version) });
    }

    const home = join(folder.path, "home");
    const script = join(folder.path, "install.sh");
    const text = await Deno.readTextFile(fromRoot("install.sh"));
    await Deno.writeTextFile(script, text.replaceAll(RELEASE_KEY, publicKey));
    {
      await using server = await releaseServer(releases, old);
      const { code, stderr } = await new Deno.Command("dash", {
        args: [script, "--from", server.url.href],
        env: { HOME: home },
        stdin: "null",
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    }
    const program = { compiled: join(home, ".local/bin/mesh-llm"), cwd: folder.path };
    const said = async (...args: string[]) => (await runProgram(args, program)).stdout.trim();
    assert.equal(await said("--version"), old);

    await using node = await startServing(["--model", "guide"], program);
    await until(node, "warm", warm("guide", "solo"));
    const requests = keepAsking([node], ["guide"]);
    await requests.cycle();
    await using server = await releaseServer(releases, next);
    const from = ["--from", server.url.href];
    assert.deepEqual(JSON.parse(await said("update", "--check", "--json", ...from)), {
      current: old,
      found: next,
      isNewer: true,
    });
    const data = ["--data-dir", node.dataDir];
    const updated = await runProgram(["update", ...from, ...data], program);
    assert.equal(updated.code, 0, updated.stderr);
    assert.match(
      updated.stdout,
      new RegExp(`mesh-llm ${next} is in place\\. mesh-llm ${old} is kept`),
    );
    assert.match(updated.stdout, /The node with pid \d+ goes on with its version until/);
    await requests.cycle();
    assert.equal(await said("--version"), next);
    assert.match(await said("update", ...from), /already$/);

    assert.match(await said("update", "--rollback"), new RegExp(`mesh-llm ${old} is in place`));
    assert.equal(await said("--version"), old);
    await requests.cycle();
    const { answered, failures } = await requests.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 0);
  },
);
