import assert from "node:assert/strict";
import { join } from "node:path";
import { download } from "../../../src/engine/install/download.ts";
import { EngineInstallError } from "../../../src/engine/mod.ts";
import { freePort } from "../../../src/engine/process/free_port.ts";
import { serveFile, sha256 } from "./file_server.ts";
import { tempDir } from "../temp_dir.ts";

const file = new Uint8Array(300_000).map((_, i) => i % 251);

function options(url: string, dir: string) {
  const progress: number[] = [];
  return {
    url,
    path: join(dir, "file"),
    sizeBytes: file.length,
    sha256: sha256(file),
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
  await assert.rejects(Deno.stat(`${wanted.path}.part`), Deno.errors.NotFound);
});

Deno.test("download() resumes where it was broken off", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file, breakOffAfter: [100_000, 50_000] });
  const wanted = options(server.url, dir.path);
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  const [first, ...resumed] = server.ranges;
  assert.equal(first, null);
  assert(resumed.length >= 2 && resumed.every((range) => /^bytes=\d+-$/.test(range ?? "")));
});

Deno.test("download() goes on with what an earlier run left", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  await Deno.writeFile(`${wanted.path}.part`, file.subarray(0, 123_456));
  await download(wanted);
  assert.deepEqual(await Deno.readFile(wanted.path), file);
  assert.deepEqual(server.ranges, ["bytes=123456-"]);
});

Deno.test("download() asks for nothing when all is there already", async () => {
  await using dir = await tempDir();
  await using server = serveFile({ file });
  const wanted = options(server.url, dir.path);
  await Deno.writeFile(`${wanted.path}.part`, file);
  await download(wanted);
  assert.deepEqual(server.ranges, []);
});

Deno.test("download() begins anew where the server ignores the range", async () => {
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
    assert.match(error.message, /is not the one that was published: its SHA-256 is/);
    return true;
  });
  assert.deepEqual([...Deno.readDirSync(dir.path)], []);
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
