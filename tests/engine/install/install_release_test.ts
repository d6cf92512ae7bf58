import { findBinaries } from "../../../src/engine/install/find.ts";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { EngineInstallError, installEngine } from "../../../src/engine/mod.ts";
import { LOOPBACK_WORLD } from "../../downloads/loopback_world.ts";
import { hasTool } from "../../support/debian.ts";
import { tempDir, writeScript } from "../temp_dir.ts";
import { archiveName, serveRelease, TAG, tarball } from "./release_server.ts";
import { zipFile } from "./zip_file.ts";

const RUNS = 'case $1 in --version) echo "version: 4242 (abc)" >&2;; esac';
const VULKAN = Deno.build.os === "darwin" ? "" : "vulkan";
const NAME = archiveName(VULKAN);
const BUILD = { darwin: { aarch64: "metal", x86_64: "cpu" }, linux: null }[
  Deno.build.os as "darwin" | "linux"
]?.[Deno.build.arch] ?? "vulkan";
const FOLDER = `release-${TAG}-${BUILD}`;

function archive(dir: string, llamaServer = RUNS): Promise<Uint8Array> {
  return tarball(dir, { "llama-server": llamaServer, "ggml-rpc-server": "exit 0" });
}

function install(dataDir: string, apiUrl: string, tag = TAG) {
  const steps: string[] = [];
  const done = installEngine({
    dataDir,
    from: "release",
    onProgress: ({ step, receivedBytes, totalBytes }) =>
      steps.push(`${step} ${receivedBytes}/${totalBytes}`),
    downloads: LOOPBACK_WORLD,
    logger: getLogger("test"),
    release: { apiUrl, tag },
  });
  return { done, steps };
}

async function installed(dataDir: string): Promise<string> {
  const binaries = await findBinaries({ dataDir, binDir: null, executableDir: dataDir, path: "" });
  assert.equal(basename(binaries.rpcServer), "ggml-rpc-server");
  return binaries.llamaServer;
}

Deno.test("a release is downloaded through every break, checked, unpacked and found", async () => {
  await using dir = await tempDir();
  const file = await archive(dir.path);
  await using release = serveRelease([{ name: NAME, file, breakOffAfter: [100, 50] }]);
  const { done, steps } = install(dir.path, release.apiUrl);
  await done;
  const found = await installed(dir.path);
  assert.equal(found, join(dir.path, "engine/current/llama-server"));
  assert.equal(await Deno.readLink(join(dir.path, "engine/current")), FOLDER);
  assert.match(steps.at(-1) ?? "", /^Trying out llama\.cpp/);
  assert.equal(steps.at(-2), `Downloading ${NAME} ${file.length}/${file.length}`);
  const left = [...Deno.readDirSync(join(dir.path, "engine"))].map(({ name }) => name);
  assert.deepEqual(left.sort(), ["current", FOLDER]);
});

Deno.test("the engine before stays beside a new one, and what was killed half unpacked goes", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([{ name: NAME, file: await archive(dir.path) }]);
  for (const name of ["release-b1", "debian-2", "staging-killed", "unpacked-slow"]) {
    await Deno.mkdir(join(dir.path, "engine", name), { recursive: true });
  }
  await Deno.symlink("debian-2", join(dir.path, "engine/current"));
  await install(dir.path, release.apiUrl).done;
  const left = [...Deno.readDirSync(join(dir.path, "engine"))].map(({ name }) => name);
  assert.deepEqual(left.sort(), ["current", "debian-2", FOLDER, "unpacked-slow"]);
  assert.equal(await Deno.readLink(join(dir.path, "engine/current")), FOLDER);
});

Deno.test("a release is installed over an earlier one that is broken", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([{ name: NAME, file: await archive(dir.path) }]);
  await writeScript(join(dir.path, `engine/${FOLDER}`), "llama-server", "exit 1");
  await install(dir.path, release.apiUrl).done;
  await installed(dir.path);
});

Deno.test({
  name: "a release in a zip file, as they were until 2026, is installed too",
  ignore: !await hasTool("unzip", "-v"),
  fn: async () => {
    await using dir = await tempDir();
    const file = zipFile({
      "build/bin/llama-server": `#!/bin/sh\n${RUNS}\n`,
      "build/bin/ggml-rpc-server": "#!/bin/sh\n",
    });
    await using release = serveRelease([{ name: archiveName(VULKAN, "zip"), file }]);
    await install(dir.path, release.apiUrl).done;
    await installed(dir.path);
  },
});

for (
  const { name, says, reason } of [
    {
      name: "with another digest",
      says: { digest: `sha256:${"0".repeat(64)}` },
      reason: /is not the one that was published/,
    },
    { name: "without a digest", says: { digest: null }, reason: /publishes no SHA-256/ },
    {
      name: "for other platforms only",
      says: { name: "llama-b4242-bin-win-cpu-x64.zip" },
      reason: new RegExp(`Release ${TAG} holds no archive for `),
    },
  ]
) {
  Deno.test(`a release ${name} is refused, and nothing is left of it`, async () => {
    await using dir = await tempDir();
    await using release = serveRelease([{ name: NAME, file: await archive(dir.path), says }]);
    await assert.rejects(install(dir.path, release.apiUrl).done, (error: Error) => {
      assert(error instanceof EngineInstallError);
      assert.match(error.message, reason);
      return true;
    });
    const left = await Array.fromAsync(Deno.readDir(join(dir.path, "engine"))).catch(() => []);
    assert.deepEqual(left, []);
  });
}

Deno.test("a tag that does not exist is named with what the server said", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([{ name: NAME, file: await archive(dir.path) }]);
  await assert.rejects(
    install(dir.path, release.apiUrl, "b1").done,
    /Could not read .*\/releases\/tags\/b1: the server said 404/,
  );
});

Deno.test("a release that does not run on this machine does not become the engine", async () => {
  await using dir = await tempDir();
  const llamaServer = "echo 'GLIBC_2.99 not found' >&2; exit 1";
  await using release = serveRelease([{ name: NAME, file: await archive(dir.path, llamaServer) }]);
  await assert.rejects(
    install(dir.path, release.apiUrl).done,
    /does not run on this machine.*GLIBC_2\.99 not found/,
  );
  assert.deepEqual([...Deno.readDirSync(join(dir.path, "engine"))], []);
});
