import { endLibp2pLeaks } from "./leak_guard.ts";
import assert from "node:assert/strict";
import { STREAM_WINDOW_BYTES } from "../../src/mesh/defaults.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/keys.ts";
import { startLibp2p } from "../../src/mesh/libp2p.ts";
import type { NetworkStream, PeerConnection } from "../../src/mesh/network.ts";

const PROTOCOL = "/test/1";

/** Two nodes on 127.0.0.1 with a connection between them. */
async function startPair() {
  const key = SigningKey.generate();
  const near = await startLibp2p({ key: SigningKey.generate(), listen: false, port: null });
  const far = await startLibp2p({ key, listen: true, port: null });
  const peer = peerIdOf(key.publicKey);
  const addresses = [`/ip4/127.0.0.1/udp/${far.port}/quic-v1/p2p/${peer}`];
  const { signal } = new AbortController();
  let arrived = Promise.withResolvers<NetworkStream>();
  far.network.handle(PROTOCOL, 64, (stream) => arrived.resolve(stream));
  return {
    connect: () => near.network.dial({ peer, addresses, signal, fresh: true }),
    /** Both ends of a new stream. */
    async open(connection: PeerConnection): Promise<[NetworkStream, NetworkStream]> {
      arrived = Promise.withResolvers();
      return [await connection.openStream(PROTOCOL, signal), await arrived.promise];
    },
    async [Symbol.asyncDispose]() {
      await near.network.stop();
      await far.network.stop();
      endLibp2pLeaks();
    },
  };
}

async function readAll(stream: NetworkStream): Promise<Uint8Array> {
  const parts: BlobPart[] = [];
  for (let part = await stream.read(); part !== null; part = await stream.read()) {
    parts.push(part as Uint8Array<ArrayBuffer>);
  }
  return new Blob(parts).bytes();
}

const ONE = new Uint8Array([1]);

Deno.test("a stream between two nodes", async (t) => {
  await using pair = await startPair();
  const connection = await pair.connect();

  await t.step(
    "carries bytes whole and in order, and one way goes on when the other has ended",
    async () => {
      const [near, far] = await pair.open(connection);
      const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251);
      const sending = near.write(bytes).then(() => near.closeWrite());
      const received = await readAll(far);
      await sending;
      assert.deepEqual(received, bytes);
      await far.write(received.subarray(0, 100));
      await far.closeWrite();
      assert.deepEqual(await readAll(near), bytes.subarray(0, 100));
      await Promise.all([near.ended, far.ended]);
    },
  );

  await t.step("still tells an end that came before the first read", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(ONE);
    await near.closeWrite();
    await far.closeWrite();
    await Promise.all([near.ended, far.ended]);
    assert.deepEqual(await far.read(), ONE);
    assert.equal(await far.read(), null);
    assert.equal(await far.read(), null);
  });

  await t.step("holds the writer after one window that nobody reads", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(new Uint8Array(STREAM_WINDOW_BYTES));
    let passed = false;
    const more = near.write(ONE).then(() => passed = true);
    for (let i = 0; i < 3; i++) {
      await far.write(ONE);
      await near.read();
    }
    assert.equal(passed, false);
    const received = readAll(far);
    await more;
    await near.closeWrite();
    assert.equal((await received).byteLength, STREAM_WINDOW_BYTES + 1);
    await far.closeWrite();
  });

  await t.step("gives a reset to reader and writer as an error, never as an end", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(ONE);
    assert.deepEqual(await far.read(), ONE);
    const reading = far.read();
    near.reset(new Error("Changed my mind"));
    near.reset(new Error("A second time"));
    await assert.rejects(reading, /reset the stream/);
    await assert.rejects(far.write(ONE), /reset the stream/);
    await assert.rejects(near.read(), /Changed my mind/);
    await assert.rejects(near.closeWrite(), /Changed my mind/);
  });

  await t.step("brings a reset to a peer that has ended its own side", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(ONE);
    await near.closeWrite();
    assert.deepEqual(await readAll(far), ONE);
    far.reset(new Error("No answer"));
    await assert.rejects(near.read(), /reset the stream/);
  });

  await t.step("is reset by release() where it was left open", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(ONE);
    await far.read();
    await far.release();
    await assert.rejects(near.read(), /reset the stream/);
  });

  await t.step("delivers a finished answer before release() lets go of it", async () => {
    const [near, far] = await pair.open(connection);
    await near.write(ONE);
    await far.read();
    await far.write(ONE);
    await far.closeWrite();
    const released = far.release();
    assert.deepEqual(await readAll(near), ONE);
    await near.closeWrite();
    await released;
  });

  await t.step("breaks at both ends when its connection is lost", async () => {
    const doomed = await pair.connect();
    const [near, far] = await pair.open(doomed);
    await near.write(ONE);
    await far.read();
    const reading = far.read();
    doomed.abort(new Error("Pulled the plug"));
    await assert.rejects(reading, /connection was lost/);
    await assert.rejects(near.read());
    await Promise.all([near.ended, far.ended]);
  });
});
