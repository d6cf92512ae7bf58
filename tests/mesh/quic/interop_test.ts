/** Our transport and the stock one of `@chainsafe/libp2p-quic`, each dialling the other. */

import assert from "node:assert/strict";
import { readAll, readBytes } from "./bytes.ts";
import { Nodes, openPulled, ours, stock } from "./nodes.ts";

const PAIRS = [
  { name: "ours dials stock", dial: ours, accept: stock },
  { name: "stock dials ours", dial: stock, accept: ours },
] as const;

for (const { name, dial, accept } of PAIRS) {
  Deno.test(`${name}: bytes, ends and resets go both ways`, async () => {
    await using nodes = new Nodes();
    const pair = await nodes.pair(dial(), accept());
    assert.ok(pair.connection.remotePeer.equals(pair.listener.peerId));
    assert.ok(pair.accepted.remotePeer.equals(pair.dialler.peerId));

    const [near, far] = await openPulled(pair);
    const question = crypto.getRandomValues(new Uint8Array(60_000));
    const asking = near.write(question).then(() => near.closeWrite());
    assert.deepEqual(await readAll(far), question);
    await asking;
    const answering = (async () => {
      for (let count = 0; count < 30; count++) await far.write(question);
      await far.closeWrite();
    })();
    assert.equal((await readAll(near)).length, 30 * question.length);
    await answering;
    await Promise.all([near.ended, far.ended]);

    const [cut, dropped] = await openPulled(pair);
    await cut.write(Uint8Array.of(1));
    await readBytes(dropped, 1);
    const failing = assert.rejects(async () => {
      for (;;) await cut.write(new Uint8Array(30_000));
    });
    dropped.reset(new Error("enough"));
    await failing;
    cut.reset(new Error("enough"));
    await Promise.all([cut.ended, dropped.ended]);
    assert.equal(pair.connection.streams.length, 0);
  });

  Deno.test(`${name}: a peer that stops ends the connection at the other end`, async () => {
    await using nodes = new Nodes();
    const pair = await nodes.pair(dial(), accept());
    const [near] = await openPulled(pair);
    const closed = new Promise((resolve) => pair.connection.addEventListener("close", resolve));
    await pair.listener.stop();
    await closed;
    if (dial === ours) await assert.rejects(near.read(), { name: "ConnectionLostError" });
    assert.deepEqual(pair.dialler.getConnections(), []);
  });
}

Deno.test("two nodes of the stock transport are read by the same means", async () => {
  await using nodes = new Nodes();
  const [near, far] = await openPulled(await nodes.pair(stock(), stock()));
  await near.write(Uint8Array.of(1, 2));
  await near.closeWrite();
  assert.deepEqual(await readAll(far), Uint8Array.of(1, 2));
  assert.equal(await far.read(), null);
  far.reset(new Error("enough"));
  await assert.rejects(far.write(Uint8Array.of(1)), /enough/);
  await far.ended;
});
