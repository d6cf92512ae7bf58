import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { UdpPortInUseError, UnreachableError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";

Deno.test("a libp2p node", async (t) => {
  const key = SigningKey.generate();
  const peer = peerIdOf(key.publicKey);
  const listener = await startLibp2p(key);
  const port = await listener.bind(null);
  const network = await startLibp2p(SigningKey.generate());
  const { signal } = new AbortController();

  await t.step("names the port that is taken", async () => {
    await assert.rejects(
      network.bind(port),
      (error) => error instanceof UdpPortInUseError && error.port === port,
    );
  });

  await t.step("does not take a node with another key for the peer", async () => {
    const other = peerIdOf(SigningKey.generate().publicKey);
    const addresses = [place(port, other)];
    await assert.rejects(network.dial({ peer: other, addresses, signal }), UnreachableError);
  });

  await t.step(
    "ends a dial when its signal says so, and does not hold the next by it",
    async () => {
      const dead = await deafPort();
      const abort = new AbortController();
      const target = { peer, addresses: [place(dead.port, peer)], signal: abort.signal };
      const dialling = network.dial(target);
      abort.abort(new Error("Enough"));
      await assert.rejects(dialling, UnreachableError);
      const addresses = [place(port, peer)];
      const connection = await network.dial({ peer, addresses, signal });
      assert.equal(connection.peer, peer);
      dead.close();
    },
  );

  await t.step(
    "gives back what it has of a port whose other half is taken, and takes another",
    async () => {
      const taken = await deafPort();
      const other = SigningKey.generate();
      const late = await startLibp2p(other);
      await assert.rejects(late.bind(taken.port), UdpPortInUseError);
      const free = createSocket({ type: "udp6", ipv6Only: true });
      const bound = Promise.withResolvers<void>();
      free.once("error", bound.reject);
      free.bind(taken.port, "::1", bound.resolve);
      await bound.promise;
      const newcomer = peerIdOf(other.publicKey);
      const addresses = [place(await late.bind(null), newcomer)];
      const connection = await network.dial({ peer: newcomer, addresses, signal });
      assert.equal(connection.peer, newcomer);
      free.close();
      taken.close();
      await late.stop();
    },
  );

  await network.stop();
  await listener.stop();
  endLibp2pLeaks();
});

function place(port: number | null, peer: PeerId): string {
  return `/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${peer}`;
}

/** A UDP port that swallows what it gets. */
async function deafPort(): Promise<{ port: number; close(): void }> {
  const socket = createSocket("udp4");
  const bound = Promise.withResolvers<void>();
  socket.bind(0, "127.0.0.1", bound.resolve);
  await bound.promise;
  return { port: socket.address().port, close: () => socket.close() };
}
