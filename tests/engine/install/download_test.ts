import assert from "node:assert/strict";
import { join } from "node:path";
import { type AddressRules, PUBLIC_ONLY } from "../../../src/downloads/mod.ts";
import { download } from "../../../src/engine/install/download.ts";
import { EngineInstallError } from "../../../src/engine/mod.ts";
import { freePort } from "../../../src/engine/process/free_port.ts";
import { LOOPBACK_WORLD } from "../../downloads/loopback_world.ts";
import { serveFile, sha256 } from "./file_server.ts";
import { tempDir } from "../temp_dir.ts";

const CHUNK = 10_000;
const file = new Uint8Array(300_000).map((_, i) => i % 251);

function options(url: string, dir: string) {
  const progress: number[] = [];
  return {
    url,
    path: join(dir, "file"),
    sizeBytes: file.length,
    sha256: sha256(file),
    world: { ...LOOPBACK_WORLD, chunkBytes: CHUNK },
    onProgress: (receivedBytes: number) => progress.push(receivedBytes),
    progress,
  };
}

Deno.test("download() fetches a file, tells how far it is, and leaves no part behind", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  assert.equal(wanted.progress.at(-1), file.length);
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["file"]);
});

Deno.test("download() resumes where it was broken off", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file, breakOffAfter: [7_000, 5_000, 0] });
  const wanted = options(server.url, dir.path);
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  const starts = server.ranges.map((range) => Number(/^bytes=(\d+)-\d+$/.exec(range ?? "")?.[1]));
  const resumed = starts.filter((start) => start % CHUNK !== 0);
  assert.deepEqual(resumed.map((start) => start % CHUNK).sort(), [5_000, 7_000]);
});

Deno.test("download() goes on with what an earlier run left", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  const killed = new AbortController();
  const onProgress = (bytes: number) => bytes > file.length / 2 && killed.abort(new Error("cut"));
  await assert.rejects(download({ ...wanted, onProgress, signal: killed.signal }), /^Error: cut$/);
  const before = server.ranges.length;
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  assert.ok(server.ranges.length - before <= 20, `${server.ranges.length - before} of 30 again`);
  assert.ok((wanted.progress[0] ?? 0) >= 10 * CHUNK);
});

Deno.test("download() asks for nothing when all is there already", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  await Deno.writeFile(`${wanted.path}.part`, file);
  const chunks = Array(30).fill("origin");
  const state = { identity: sha256(file), sizeBytes: file.length, chunkBytes: CHUNK, chunks };
  await Deno.writeTextFile(`${wanted.path}.part.json`, JSON.stringify(state));
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  await download(wanted);
  assert.deepEqual(server.ranges, []);
});

Deno.test("download() fetches all of it as one stream where the server ignores the range", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file, ignoresRange: true });
  const wanted = options(server.url, dir.path);
  await Deno.writeFile(`${wanted.path}.part`, new Uint8Array(200_000));
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
});

Deno.test("download() deletes a file with another digest and says so", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file: file.map((byte) => byte ^ 1) });
  const wanted = options(server.url, dir.path);
  await assert.rejects(download(wanted), (error: Error) => {
    assert(error instanceof EngineInstallError);
    assert.match(error.message, /is not the one that was published \(its SHA-256 is/);
    return true;
  });
  assert.deepEqual([...Deno.readDirSync(dir.path)], []);
});

Deno.test("download() takes the place of an archive that was published under the same name", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  await Deno.writeFile(wanted.path, new Uint8Array(file.length));
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
});

Deno.test("download() takes no more than was announced", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file: new Uint8Array([...file, ...file]) });
  const wanted = options(server.url, dir.path);
  await assert.rejects(download(wanted), EngineInstallError);
  assert((await Deno.stat(`${wanted.path}.part`).catch(() => ({ size: 0 }))).size <= file.length);
});

Deno.test("download() gives up a server that brings nothing", async () => {
  await using dir = await tempDir();
  const url = `http://127.0.0.1:${freePort()}/file`;
  await assert.rejects(download(options(url, dir.path)), (error: Error) => {
    assert(error instanceof EngineInstallError && error.message.includes(url));
    return true;
  });
});

Deno.test("download() ends with the signal's reason", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const abort = new AbortController();
  const wanted = { ...options(server.url, dir.path), signal: abort.signal };
  const downloading = download({ ...wanted, onProgress: () => abort.abort(new Error("enough")) });
  await assert.rejects(downloading, /enough/);
});

Deno.test("download() asks no server of this network, also where the release leads there", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const redirect = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.redirect(server.url),
  );
  const own = String(redirect.addr.port);
  const rules: AddressRules = {
    allowsUrl: (url) => url.port === own || PUBLIC_ONLY.allowsUrl(url),
    allowsAddress: () => true,
  };
  const wanted = options(`http://127.0.0.1:${own}/file`, dir.path);
  await assert.rejects(
    download({ ...wanted, world: { ...wanted.world, rules } }),
    /only https is allowed/,
  );
  await redirect.shutdown();
  assert.deepEqual(server.ranges, []);
});

Deno.test("download() goes by the proxy that the user names", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options("http://files.mesh-llm.invalid/file", dir.path); // no name server knows it
  const proxies = { http: new URL(server.url).origin, https: null, noProxy: [] };
  await download({ ...wanted, world: { ...LOOPBACK_WORLD, proxies } });
  assert.deepEqual(await Deno.readFile(wanted.path), file);
});

Deno.test("download() begins nothing where the disk lacks room", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  const world = { ...wanted.world, freeBytes: () => Promise.resolve(1_000) };
  await assert.rejects(download({ ...wanted, world }), /Not enough room on the disk/);
  assert.deepEqual(server.ranges, []);
});
