import assert from "node:assert/strict";
import { ByteBudget } from "../../../src/mesh/quic/byte_budget.ts";
import {
  COALESCE_MAX_BYTES,
  STREAM_QUEUE_BYTES,
  WRITE_BATCH_BYTES,
} from "../../../src/mesh/quic/limits.ts";
import type { NativeStream } from "../../../src/mesh/quic/native.ts";
import { StreamWriter } from "../../../src/mesh/quic/stream_writer.ts";

/** Records writes, and lets the test say when each is done. */
class RecordingStream {
  readonly writes: Uint8Array[] = [];
  isFinished = false;
  #pending: PromiseWithResolvers<void> | undefined;

  write(bytes: Uint8Array): Promise<void> {
    assert.equal(this.#pending, undefined, "two writes at a time");
    this.writes.push(bytes);
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  finishWrite(): Promise<void> {
    this.isFinished = true;
    return Promise.resolve();
  }

  async complete(): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve();
    await settled();
  }

  async refuse(error: Error): Promise<void> {
    this.#pending?.reject(error);
    await settled();
  }
}

interface Setup {
  readonly budgetBytes?: number;
}

function setUp({ budgetBytes = Infinity }: Setup = {}) {
  const native = new RecordingStream();
  const errors: unknown[] = [];
  let rooms = 0;
  const writer = new StreamWriter(native as unknown as NativeStream, {
    budget: new ByteBudget(budgetBytes),
    onError: (error) => errors.push(error),
    onRoom: () => rooms++,
  });
  return { native, writer, errors, rooms: () => rooms };
}

/** Long enough for every promise that can go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  promise.catch(() => undefined).finally(() => {
    isOver = true;
  });
  await settled();
  return !isOver;
}

Deno.test("small writes that come while the addon is busy leave together", async () => {
  const { native, writer } = setUp();
  for (const value of [1, 2, 3, 4]) await writer.write(Uint8Array.of(value, value));
  await native.complete();
  assert.deepEqual(native.writes, [
    Uint8Array.of(1, 1),
    Uint8Array.of(2, 2, 3, 3, 4, 4),
  ]);
});

Deno.test("a small write is copied, a large one is not, and waits until it has left", async () => {
  const { native, writer } = setUp();
  const small = Uint8Array.of(1);
  await writer.write(small);
  assert.notEqual(native.writes[0], small);
  await native.complete();
  const large = new Uint8Array(COALESCE_MAX_BYTES + 1);
  const writing = writer.write(large);
  assert.equal(await isPending(writing), true);
  assert.equal(native.writes[1], large);
  await native.complete();
  await writing;
});

Deno.test("a large write behind a small one is not copied either", async () => {
  const { native, writer } = setUp();
  await writer.write(Uint8Array.of(1));
  await writer.write(Uint8Array.of(2));
  const large = new Uint8Array(WRITE_BATCH_BYTES);
  const writing = writer.write(large);
  await native.complete();
  await native.complete();
  assert.equal(native.writes[2], large);
  await native.complete();
  await writing;
});

Deno.test("a stream's queue is bounded: then small writes wait as well", async () => {
  const { native, writer } = setUp();
  const part = new Uint8Array(COALESCE_MAX_BYTES);
  for (let bytes = 0; bytes < STREAM_QUEUE_BYTES; bytes += part.length) await writer.write(part);
  assert.equal(writer.isFull, true);
  const writing = writer.write(Uint8Array.of(9));
  assert.equal(await isPending(writing), true);
  while (await isPending(writing)) await native.complete();
});

Deno.test("once a connection's bytes are spent, each stream takes one write at a time", async () => {
  const budget = new ByteBudget(10);
  const [first, second] = [new RecordingStream(), new RecordingStream()];
  const [one, other] = [first, second].map((native) =>
    new StreamWriter(native as unknown as NativeStream, {
      budget,
      onError: () => {},
      onRoom: () => {},
    })
  );
  assert.ok(one && other);
  await one.write(new Uint8Array(10));
  await other.write(Uint8Array.of(1));
  const waiting = other.write(Uint8Array.of(2));
  assert.equal(await isPending(waiting), true);
  await first.complete();
  await other.write(Uint8Array.of(3));
  await second.complete();
  await second.complete();
  await waiting;
  assert.deepEqual(second.writes, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
});

Deno.test("offer() says when there is no room, and onRoom when there is again", async () => {
  const { native, writer, rooms } = setUp();
  assert.equal(writer.offer(new Uint8Array(1)), true);
  assert.equal(writer.offer(new Uint8Array(STREAM_QUEUE_BYTES)), false);
  assert.equal(rooms(), 0);
  await native.complete();
  await native.complete();
  assert.equal(rooms(), 1);
});

Deno.test("finish() comes behind all writes", async () => {
  const { native, writer } = setUp();
  await writer.write(Uint8Array.of(1));
  await writer.write(Uint8Array.of(2));
  const finishing = writer.finish();
  await native.complete();
  assert.equal(native.isFinished, false);
  await native.complete();
  await finishing;
  assert.equal(native.isFinished, true);
});

Deno.test("a failure reaches everybody who waits, at once, and everybody who comes later", async () => {
  const { native, writer } = setUp();
  const waiting = assert.rejects(writer.write(new Uint8Array(COALESCE_MAX_BYTES + 1)), /over/);
  const finishing = assert.rejects(writer.finish(), /over/);
  writer.fail(new Error("over"));
  await Promise.all([waiting, finishing]);
  await assert.rejects(writer.write(Uint8Array.of(1)), /over/);
  assert.throws(() => writer.offer(Uint8Array.of(1)), /over/);
  await native.complete();
  assert.equal(native.isFinished, false);
});

Deno.test("a refusal of the addon is reported once, and not after a failure that is known", async () => {
  const { native, writer, errors } = setUp();
  await writer.write(Uint8Array.of(1));
  await native.refuse(new Error("stopped"));
  assert.equal(errors.length, 1);
  const late = setUp();
  await late.writer.write(Uint8Array.of(1));
  late.writer.fail(new Error("over"));
  await late.native.refuse(new Error("closed stream"));
  assert.deepEqual(late.errors, []);
});

Deno.test("bytes of a stream that failed are given back to its connection", async () => {
  const budget = new ByteBudget(10);
  const writer = new StreamWriter(new RecordingStream() as unknown as NativeStream, {
    budget,
    onError: () => {},
    onRoom: () => {},
  });
  await writer.write(new Uint8Array(10));
  assert.equal(budget.isSpent, true);
  writer.fail(new Error("over"));
  assert.equal(budget.isSpent, false);
});

Deno.test("bytes that may wait go with the next write, ahead of it, as one piece", async () => {
  const { native, writer } = setUp();
  writer.writeSoon(Uint8Array.of(1), 60_000);
  await settled();
  assert.deepEqual(native.writes, []);
  await writer.write(Uint8Array.of(2, 2));
  await native.complete();
  assert.deepEqual(native.writes, [Uint8Array.of(1, 2, 2)]);
});

Deno.test("bytes that may wait go by themselves where no write comes", async () => {
  const { native, writer } = setUp();
  writer.writeSoon(Uint8Array.of(1), 1);
  while (native.writes.length === 0) await settled();
  await native.complete();
  assert.deepEqual(native.writes, [Uint8Array.of(1)]);
});

Deno.test("the end of a stream does not overtake bytes that may wait", async () => {
  const { native, writer } = setUp();
  writer.writeSoon(Uint8Array.of(1), 60_000);
  const finishing = writer.finish();
  await settled();
  assert.equal(native.isFinished, false);
  await native.complete();
  await finishing;
  assert.deepEqual(native.writes, [Uint8Array.of(1)]);
});

Deno.test("a stream that breaks drops bytes that may wait", async () => {
  const { native, writer } = setUp();
  writer.writeSoon(Uint8Array.of(1), 1);
  writer.fail(new Error("broken"));
  writer.writeSoon(Uint8Array.of(2), 1);
  await new Promise((resolve) => setTimeout(resolve, 3));
  assert.deepEqual(native.writes, []);
});

Deno.test("bytes that may wait go by themselves again, after some that a write took along", async () => {
  const { native, writer } = setUp();
  await writer.write(Uint8Array.of(1));
  writer.writeSoon(Uint8Array.of(2), 1);
  await new Promise((resolve) => setTimeout(resolve, 3));
  await native.complete();
  await native.complete();
  writer.writeSoon(Uint8Array.of(3), 1);
  while (native.writes.length < 3) await settled();
  await native.complete();
  assert.deepEqual(native.writes, [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
});
