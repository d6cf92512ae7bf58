import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { EngineInstallError, findBinaries, installEngine } from "../../../src/engine/mod.ts";
import { archiveStem } from "../../../src/engine/install/release_asset.ts";
import { type FileServerOptions, serveFile, sha256 } from "./file_server.ts";
import { tempDir, writeScript } from "../temp_dir.ts";
import { zipFile } from "./zip_file.ts";

const TAG = "b4242";
const STEM = archiveStem(TAG, Deno.build.os, Deno.build.arch) ?? "";
const RUNS = 'case $1 in --version) echo "version: 4242 (abc)" >&2;; esac';

/** An archive as the release packs it, made of scripts. */
async function tarball(dir: string, llamaServer = RUNS): Promise<Uint8Array> {
  const folder = join(dir, "archive", `llama-${TAG}`);
  await writeScript(folder, "llama-server", llamaServer);
  await writeScript(folder, "ggml-rpc-server", "exit 0");
  const path = join(dir, "made.tar.gz");
  const args = ["-czf", path, "-C", join(dir, "archive"), `llama-${TAG}`];
  await new Deno.Command("tar", { args }).output();
  return await Deno.readFile(path);
}

interface Release extends FileServerOptions {
  /** What the API says instead of the truth. */
  readonly says?: object;
  readonly name?: string;
}

/** A releases API and its file, on this machine. */
function serveRelease({ says = {}, name = `${STEM}.tar.gz`, ...options }: Release) {
  const files = serveFile(options);
  const { file } = options;
  const asset = {
    name,
    browser_download_url: files.url,
    size: file.length,
    digest: `sha256:${sha256(file)}`,
    ...says,
  };
  const path = `/repos/ggml-org/llama.cpp/releases/tags/${TAG}`;
  const api = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === path
        ? Response.json({ tag_name: TAG, assets: [asset] })
        : new Response(null, { status: 404 }),
  );
  return {
    apiUrl: `http://127.0.0.1:${api.addr.port}`,
    async [Symbol.asyncDispose]() {
      await api.shutdown();
      await files[Symbol.asyncDispose]();
    },
  };
}

function install(dataDir: string, apiUrl: string, tag = TAG) {
  const steps: string[] = [];
  const done = installEngine({
    dataDir,
    from: "release",
    onProgress: ({ step, receivedBytes, totalBytes }) =>
      steps.push(`${step} ${receivedBytes}/${totalBytes}`),
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
  const file = await tarball(dir.path);
  await using release = serveRelease({ file, breakOffAfter: [100, 50] });
  const { done, steps } = install(dir.path, release.apiUrl);
  await done;
  const found = await installed(dir.path);
  assert.equal(found, join(dir.path, "engine/current/llama-server"));
  assert.equal(await Deno.readLink(join(dir.path, "engine/current")), `release-${TAG}`);
  assert.equal(steps.at(-1), `Downloading ${STEM}.tar.gz ${file.length}/${file.length}`);
  const left = [...Deno.readDirSync(join(dir.path, "engine"))].map(({ name }) => name);
  assert.deepEqual(left.sort(), ["current", `release-${TAG}`]);
});

Deno.test("a release is installed over an earlier one that is broken", async () => {
  await using dir = await tempDir();
  await using release = serveRelease({ file: await tarball(dir.path) });
  await writeScript(join(dir.path, `engine/release-${TAG}`), "llama-server", "exit 1");
  await install(dir.path, release.apiUrl).done;
  await installed(dir.path);
});

Deno.test({
  name: "a release in a zip file, as they were until 2026, is installed too",
  ignore: !(await hasUnzip()),
  fn: async () => {
    await using dir = await tempDir();
    const file = zipFile({
      "build/bin/llama-server": `#!/bin/sh\n${RUNS}\n`,
      "build/bin/ggml-rpc-server": "#!/bin/sh\n",
    });
    await using release = serveRelease({ file, name: `${STEM}.zip` });
    await install(dir.path, release.apiUrl).done;
    await installed(dir.path);
  },
});

async function hasUnzip(): Promise<boolean> {
  const unzip = new Deno.Command("unzip", { args: ["-v"], stdout: "null", stderr: "null" });
  return await unzip.output().then(({ success }) => success, () => false);
}

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
      reason: new RegExp(`Release ${TAG} holds no ${STEM}\\.tar\\.gz`),
    },
  ]
) {
  Deno.test(`a release ${name} is refused, and nothing is left of it`, async () => {
    await using dir = await tempDir();
    await using release = serveRelease({ file: await tarball(dir.path), says });
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
  await using release = serveRelease({ file: await tarball(dir.path) });
  await assert.rejects(
    install(dir.path, release.apiUrl, "b1").done,
    /Could not read .*\/releases\/tags\/b1: the server said 404/,
  );
});

Deno.test("a release that does not run on this machine does not become the engine", async () => {
  await using dir = await tempDir();
  const llamaServer = "echo 'GLIBC_2.99 not found' >&2; exit 1";
  await using release = serveRelease({ file: await tarball(dir.path, llamaServer) });
  await assert.rejects(
    install(dir.path, release.apiUrl).done,
    /does not run on this machine.*GLIBC_2\.99 not found/,
  );
  assert.deepEqual([...Deno.readDirSync(join(dir.path, "engine"))], []);
});
