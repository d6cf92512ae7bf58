import fc from "fast-check";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Fnv1a64 } from "../../../src/models/hashing/fnv1a64.ts";
import { hashTensors, PIECE_BYTES } from "../../../src/models/hashing/hash_tensors.ts";
import { pattern } from "../../tunnel/tcp_pair.ts";

/** As the definition has it, a byte at a time. */
function slowFnv(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

function fnv(bytes: Uint8Array, stepBytes = bytes.length): string {
  const hash = new Fnv1a64(Math.max(stepBytes, 1));
  for (let at = 0; at < bytes.length; at += stepBytes) {
    const step = bytes.subarray(at, at + stepBytes);
    hash.buffer.set(step);
    hash.update(step.length);
  }
  return hash.digest();
}

Deno.test("FNV-1a gives the published values", () => {
  const table = { "": "cbf29ce484222325", a: "af63dc4c8601ec8c", foobar: "85944171f73967e8" };
  for (const [text, expected] of Object.entries(table)) {
    assert.equal(fnv(new TextEncoder().encode(text)), expected);
  }
});

Deno.test("FNV-1a equals its definition for any bytes in any steps", () => {
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  fc.assert(fc.property(bytes, fc.integer({ min: 1, max: 700 }), (all, step) => {
    assert.equal(fnv(all, step), slowFnv(all));
  }));
});

Deno.test("a tensor is hashed whole and by piece, wherever it lies", async () => {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "file");
  const bytes = pattern(PIECE_BYTES + 5_000);
  await Deno.writeFile(path, bytes);
  const sha = (part: Uint8Array) => createHash("sha256").update(part).digest("hex");
  const places = [{ offset: 100, byteLength: PIECE_BYTES + 10 }, { offset: 0, byteLength: 5 }];
  using file = Deno.openSync(path);
  const [large, small] = hashTensors(file, places);
  const whole = bytes.subarray(100, 110 + PIECE_BYTES);
  assert.deepEqual(large?.sha256, sha(whole));
  assert.deepEqual(large?.pieces, [
    sha(whole.subarray(0, PIECE_BYTES)),
    sha(whole.subarray(PIECE_BYTES)),
  ]);
  assert.equal(small?.sha256, sha(bytes.subarray(0, 5)));
  assert.equal(small?.fnv1a64, slowFnv(bytes.subarray(0, 5)));
  assert.throws(() => hashTensors(file, [{ offset: 0, byteLength: bytes.length + 1 }]), /shorter/);
  await Deno.remove(dir, { recursive: true });
});
