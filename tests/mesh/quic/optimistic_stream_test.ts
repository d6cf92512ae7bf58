/** Streams that are written to before their protocol is agreed on, to peers that negotiate as ever. */

import assert from "node:assert/strict";
import { byteStreamOf, NotAgreedError, type PulledStream } from "../../../src/mesh/quic/mod.ts";
import { readAll, readBytes } from "./bytes.ts";
import {
  early,
  NO_LIMIT,
  type NodePair,
  Nodes,
  openPulled,
  ours,
  PROTOCOL,
  stock,
} from "./nodes.ts";

async function openOptimistic(
  { connection }: NodePair,
  protocol = PROTOCOL,
): Promise<PulledStream> {
  const options = { ...NO_LIMIT, optimistic: true };
  return byteStreamOf(await connection.newStream(protocol, options));
}

const ACCEPTING = [["libp2p", ours], ["our transport", early], ["the stock one", stock]] as const;

for (const [name, accept] of ACCEPTING) {
  Deno.test(`an optimistic stream carries bytes both ways where ${name} agrees`, async () => {
    await using nodes = new Nodes();
    const pair = await nodes.pair(ours(), accept());
    const near = await openOptimistic(pair);
    // More than one read takes, so that its end comes behind the negotiation.
    const question = Uint8Array.from({ length: 200_000 }, (_, n) => n % 251);
    const asking = near.write(question).then(() => near.closeWrite());
    const far = byteStreamOf(await pair.incoming.take());
    assert.deepEqual(await readAll(far), question);
    await asking;
    await far.write(question);
    await far.closeWrite();
    assert.deepEqual(await readAll(near), question);
    await Promise.all([near.ended, far.ended]);
    assert.equal(pair.connection.streams.length, 0);
  });
}

Deno.test("an optimistic stream that is read first tells the peer of itself", async () => {
  await using nodes = new Nodes();
  const pair = await nodes.pair();
  const near = await openOptimistic(pair);
  const reading = near.read();
  const far = byteStreamOf(await pair.incoming.take());
  await near.taken;
  await far.write(Uint8Array.of(7));
  assert.deepEqual(await reading, Uint8Array.of(7));
  await near.write(Uint8Array.of(8));
  assert.deepEqual(await readBytes(far, 1), Uint8Array.of(8));
  for (const stream of [near, far]) stream.reset(new Error("enough"));
  await Promise.all([near.ended, far.ended]);
});

for (const [name, accept] of ACCEPTING) {
  Deno.test(`a protocol that nobody speaks is met by the first read where ${name} refuses`, async () => {
    await using nodes = new Nodes();
    const pair = await nodes.pair(ours(), accept());
    const near = await openOptimistic(pair, "/mesh-llm/unheard-of/1");
    await near.write(Uint8Array.of(1, 2, 3));
    await assert.rejects(near.read(), NotAgreedError);
    await near.ended;
  });
}

for (const [name, dial] of [["our transport", ours], ["the stock one", stock]] as const) {
  Deno.test(`a peer that proposes line by line from ${name} is left to libp2p`, async () => {
    await using nodes = new Nodes();
    const pair = await nodes.pair(dial(), early());
    const [near, far] = await openPulled(pair);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      await from.write(Uint8Array.of(1, 2));
      assert.deepEqual(await readBytes(to, 2), Uint8Array.of(1, 2));
    }
    await Promise.all([near.closeWrite(), far.closeWrite()]);
    assert.deepEqual([await near.read(), await far.read()], [null, null]);
  });
}

Deno.test("a stream that ends before a protocol is proposed frees its place", async () => {
  await using nodes = new Nodes();
  const pair = await nodes.pair(ours(), early());
  const silent = await openOptimistic(pair);
  silent.reset(new Error("nothing to say"));
  const near = await openOptimistic(pair);
  await near.write(Uint8Array.of(9));
  const far = byteStreamOf(await pair.incoming.take());
  assert.deepEqual(await readBytes(far, 1), Uint8Array.of(9));
  assert.equal(pair.accepted.streams.length, 1);
  for (const stream of [near, far]) stream.reset(new Error("enough"));
  await Promise.all([near.ended, far.ended]);
});

Deno.test("a peer that is lost before it agreed has not taken the stream", async () => {
  await using nodes = new Nodes();
  const pair = await nodes.pair();
  const near = await openOptimistic(pair);
  const reading = assert.rejects(near.read(), NotAgreedError);
  pair.connection.abort(new Error("lost"));
  await reading;
});
