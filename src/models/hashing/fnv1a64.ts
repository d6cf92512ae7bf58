/**
 * FNV-1a with 64 bits, as llama.cpp hashes what it offers by SET_TENSOR_HASH. JavaScript has no fast
 * 64-bit product, so the loop is WebAssembly:
 *
 *     (memory (export "m") PAGES)
 *     (func (export "f") (param $at i32) (param $rest i32) (param $hash i64) (result i64)
 *       (block (loop
 *         (br_if 1 (i32.eqz (local.get $rest)))
 *         (local.set $hash (i64.mul
 *           (i64.xor (local.get $hash) (i64.load8_u (local.get $at)))
 *           (i64.const 0x100000001b3)))
 *         (local.set $at (i32.add (local.get $at) (i32.const 1)))
 *         (local.set $rest (i32.sub (local.get $rest) (i32.const 1)))
 *         (br 0)))
 *       (local.get $hash))
 */

const PAGE_BYTES = 65_536;
const OFFSET_BASIS = 0xcbf29ce484222325n;

// deno-fmt-ignore
const module = (pages: number) => Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x08, 0x01, 0x60, 0x03, 0x7f, 0x7f, 0x7e, 0x01, 0x7e, // one type: (i32 i32 i64) -> i64
  0x03, 0x02, 0x01, 0x00,                                     // one function of it
  0x05, 0x04, 0x01, 0x00, (pages & 0x7f) | 0x80, pages >> 7,  // the memory
  0x07, 0x09, 0x02, 0x01, 0x6d, 0x02, 0x00, 0x01, 0x66, 0x00, 0x00,
  0x0a, 0x33, 0x01, 0x31, 0x00,
  0x02, 0x40, 0x03, 0x40,
  0x20, 0x01, 0x45, 0x0d, 0x01,
  0x20, 0x02, 0x20, 0x00, 0x31, 0x00, 0x00, 0x85,
  0x42, 0xb3, 0x83, 0x80, 0x80, 0x80, 0x20, 0x7e, 0x21, 0x02,
  0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00,
  0x20, 0x01, 0x41, 0x01, 0x6b, 0x21, 0x01,
  0x0c, 0x00, 0x0b, 0x0b,
  0x20, 0x02, 0x0b,
);

/** Hashes what stands in its own `buffer`: bytes are read from the file right into it. */
export class Fnv1a64 {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #step: (at: number, rest: number, hash: bigint) => bigint;
  #hash = OFFSET_BASIS;

  constructor(bufferBytes: number) {
    const pages = Math.ceil(bufferBytes / PAGE_BYTES);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module(pages)));
    const memory = exports.m as WebAssembly.Memory;
    this.buffer = new Uint8Array(memory.buffer as ArrayBuffer, 0, bufferBytes);
    this.#step = exports.f as (at: number, rest: number, hash: bigint) => bigint;
  }

  /** Goes on with the buffer's first `length` bytes. */
  update(length: number): void {
    this.#hash = this.#step(0, length, this.#hash);
  }

  /** 16 hex digits; begins anew. */
  digest(): string {
    const hex = BigInt.asUintN(64, this.#hash).toString(16).padStart(16, "0");
    this.#hash = OFFSET_BASIS;
    return hex;
  }
}
