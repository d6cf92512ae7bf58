import assert from "node:assert/strict";
import { join } from "node:path";
import { WRITE_BYTES } from "../../src/base/write_all.ts";
import { PartFile } from "../../src/downloads/part_file.ts";
import { Transfer } from "../../src/downloads/transfer.ts";
import { tempDir } from "../models/temp_dir.ts";
import { content, sha256 } from "./faulty_server.ts";

Deno.test("a chunk is written and checked whole where its length is no multiple of one write's", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "model.gguf");
  const file = content(2 * WRITE_BYTES + 999);
  const identity = "of this file";
  await using part = await PartFile.open({ path, sizeBytes: file.length, identity });
  const buffer = new Uint8Array(16_384);
  const transfer = new Transfer(part, {
    signal: new AbortController().signal,
    onBytes: () => {},
    checkSpace: () => Promise.resolve(),
    pause: () => Promise.resolve(),
  });
  await transfer.fromPeers([{
    name: "peer",
    parallel: 1,
    async *read(offset, length) {
      await Promise.resolve();
      for (let at = offset; at < offset + length; at += buffer.length) {
        const piece = file.subarray(at, Math.min(at + buffer.length, offset + length));
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    },
    expected: () => Promise.resolve(sha256(file)),
  }]);
  assert.deepEqual(part.missing, []);
  await part.finish();
  assert.deepEqual(await Deno.readFile(path), file);
});
