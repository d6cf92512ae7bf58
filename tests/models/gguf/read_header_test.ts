import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InvalidGgufError } from "../../../src/models/base/errors.ts";
import { fingerprint } from "../../../src/models/gguf/fingerprint.ts";
import { readHeader } from "../../../src/models/gguf/read_header.ts";
import { text, u32, u64 } from "../../support/gguf_writer.ts";
import { GUIDE, sampleFile, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";

async function rejectsWith(reason: RegExp, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof InvalidGgufError);
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("readHeader() answers header, size and the bytes before the tensors", async () => {
  const { header, headerBytes, sizeBytes } = await readHeader(GUIDE);
  assert.equal(header.name, "mesh-llm guide");
  assert.equal(headerBytes.length, header.dataOffset);
  assert.equal(sizeBytes, 1_479_904);
});

Deno.test("readHeader() reads on where a vocabulary exceeds its first read", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "large.gguf");
  const tokens = Array.from({ length: 40_000 }, (_, index) => text(`token ${index}`));
  const value = Buffer.concat([u32(8), u64(tokens.length), ...tokens]);
  const metadata = [{ key: "tokenizer.ggml.tokens", type: 9, value }];
  await Deno.writeFile(path, sampleFile({ metadata, tensors: [tensor("a", [64])] }));
  const { header } = await readHeader(path);
  assert.equal(header.vocabularySize, 40_000);
  assert.ok(header.dataOffset > 10 * 64 * 1024);
});

Deno.test("readHeader() reads nothing of the tensors", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "sparse.gguf");
  const tensors = [tensor("a", [1024, 1024, 1024])];
  const header = sampleFile({ tensors: [{ ...tensors[0] ?? tensor("a", []), byteLength: 0 }] });
  await Deno.writeFile(path, header);
  await Deno.truncate(path, header.length + 2 ** 31);
  const file = await readHeader(path);
  assert.equal(file.header.tensors[0]?.byteLength, 2 ** 31);
  assert.equal(file.headerBytes.length, header.length);
});

for (const length of [0, 3, 100, 11_871, 11_872, 1_000_000]) {
  Deno.test(`readHeader() says that a guide of ${length} bytes is cut short`, async () => {
    await using dir = await tempDir();
    const path = join(dir.path, "cut.gguf");
    await Deno.writeFile(path, (await Deno.readFile(GUIDE)).subarray(0, length));
    await rejectsWith(
      /cut\.gguf: it is cut short: its header says .* bytes, the file/,
      readHeader(path),
    );
  });
}

Deno.test("readHeader() refuses a folder", async () => {
  await using dir = await tempDir();
  await rejectsWith(/it is not a file/, readHeader(dir.path));
});

Deno.test("readHeader() ends when its signal says so", async () => {
  const reason = new Error("enough");
  await assert.rejects(readHeader(GUIDE, AbortSignal.abort(reason)), reason);
});

Deno.test("fingerprint() is the SHA-256 of the headers and the size as eight bytes", () => {
  const bytes = new Uint8Array([1, 2, 3, 0x39, 0x30, 0, 0, 0, 0, 0, 0]);
  assert.equal(
    fingerprint({ headers: [bytes.subarray(0, 1), bytes.subarray(1, 3)], sizeBytes: 12_345 }),
    createHash("sha256").update(bytes).digest("hex"),
  );
});
