import assert from "node:assert/strict";
import { watchSilence } from "../../src/base/watch_silence.ts";

const never = new Promise<never>(() => {});

Deno.test("watchSilence() hands all pieces on, and tells of a source that gives no more", async () => {
  const silent = Promise.withResolvers<never>();
  silent.promise.catch(() => {}); // a busy machine may be silent before it is waited for
  async function* pieces() {
    yield* [1, 2, 3];
    yield await Promise.race([never, silent.promise]);
  }
  const got: number[] = [];
  const onSilence = () => silent.reject(new Error("Silent"));
  await assert.rejects(async () => {
    for await (const piece of watchSilence(pieces(), 1, onSilence)) got.push(piece);
  }, /Silent/);
  assert.deepEqual(got, [1, 2, 3]);
});

Deno.test("watchSilence() does not count the time of a reader, and is over with it", async () => {
  async function* pieces() {
    yield* await Promise.resolve([1, 2]);
  }
  const watched = watchSilence(pieces(), 60_000, () => assert.fail("a timer that was left"));
  assert.deepEqual(await watched.next(), { value: 1, done: false });
  // The leak checks of Deno find a timer that runs on here.
  await watched.return(undefined);
});
