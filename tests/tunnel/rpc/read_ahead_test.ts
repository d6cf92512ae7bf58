import assert from "node:assert/strict";
import { ReadAhead } from "../../../src/tunnel/rpc/read_ahead.ts";

/** A source that gives what the test pushes. */
class Pushed {
  readonly #queue: PromiseWithResolvers<Uint8Array | null>[] = [];
  #given = 0;
  reads = 0;

  read(): Promise<Uint8Array | null> {
    return this.#at(this.reads++).promise;
  }

  push(bytes: Uint8Array | null): void {
    this.#at(this.#given++).resolve(bytes);
  }

  fail(error: Error): void {
    this.#at(this.#given++).reject(error);
  }

  #at(index: number): PromiseWithResolvers<Uint8Array | null> {
    return this.#queue[index] ??= Promise.withResolvers();
  }
}

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("ReadAhead gives everything in order: what came first, while watching and after", async () => {
  const source = new Pushed();
  const ahead = new ReadAhead(source, bytes(1));
  const watching = ahead.watch(100);
  source.push(bytes(2));
  source.push(bytes(3));
  assert.deepEqual(await ahead.read(), bytes(1));
  assert.deepEqual(await ahead.read(), bytes(2));
  assert.deepEqual(await ahead.read(), bytes(3));
  const last = ahead.read();
  source.push(bytes(4));
  assert.deepEqual(await last, bytes(4));
  assert.equal(await watching, false);
  source.push(null);
  assert.equal(await ahead.read(), null);
});

Deno.test("ReadAhead.watch() tells of an end and of an error, and the reader meets them too", async () => {
  const ended = new Pushed();
  const ahead = new ReadAhead(ended, bytes());
  ended.push(bytes(1));
  ended.push(null);
  assert.equal(await ahead.watch(100), true);
  assert.deepEqual([await ahead.read(), await ahead.read()], [bytes(1), null]);

  const broken = new Pushed();
  const failing = new ReadAhead(broken, bytes());
  broken.fail(new Error("The host is gone"));
  await assert.rejects(failing.watch(100), /gone/);
  await assert.rejects(failing.read(), /gone/);
});

Deno.test("ReadAhead.watch() holds no more than its bound and the read that reached it", async () => {
  const source = new Pushed();
  for (let i = 0; i < 10; i++) source.push(new Uint8Array(40));
  const ahead = new ReadAhead(source, bytes());
  assert.equal(await ahead.watch(100), false);
  assert.equal(source.reads, 3);
});
