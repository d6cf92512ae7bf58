import { endLibp2pLeaks } from "../leak_guard.ts";
import assert from "node:assert/strict";
import { parseAddress } from "../../../src/mesh/base/addresses.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { sourceOf } from "../../../src/mesh/link/crowding.ts";
import { type Libp2pNetwork, startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { PeerConnection } from "../../../src/mesh/link/network.ts";
import { Pipe, PipedSources, udpEnd } from "../../../src/mesh/reach/mod.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { usingStack, Way } from "./ways.ts";

const [PEER, RELAY] = [0, 1].map(() => peerIdOf(SigningKey.generate().publicKey)) as [
  ReturnType<typeof peerIdOf>,
  ReturnType<typeof peerIdOf>,
];

Deno.test("a pipe's address stands for its peer's true source, and no other address does", () => {
  const sources = new PipedSources();
  let from = udpEnd("198.51.100.7", 4_000);
  const forget = sources.add(5_001, () => ({ kind: "direct", from }));
  sources.add(5_002, () => ({ kind: "relayed", by: RELAY }));
  const direct = `/ip4/127.0.0.1/udp/5001/quic-v1/p2p/${PEER}`;
  const table: [seen: string, told: string, source: string][] = [
    [direct, `/ip4/198.51.100.7/udp/4000/p2p-circuit/p2p/${PEER}`, "198.51.100.7"],
    [
      `/ip4/127.0.0.1/udp/5002/quic-v1/p2p/${PEER}`,
      `/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`,
      RELAY,
    ],
    ["/ip4/127.0.0.1/udp/5002/quic-v1", `/p2p/${RELAY}/p2p-circuit`, RELAY],
    ["/ip4/127.0.0.1/udp/5003/quic-v1", "/ip4/127.0.0.1/udp/5003/quic-v1", "127.0.0.1"],
    ["/ip4/192.0.2.1/udp/5002/quic-v1", "/ip4/192.0.2.1/udp/5002/quic-v1", "192.0.2.1"],
    ["/ip6/::1/udp/5002/quic-v1", "/ip6/::1/udp/5002/quic-v1", "0:0:0:0"],
  ];
  for (const [seen, told, source] of table) {
    assert.equal(sources.trueAddress(seen), told);
    assert.equal(sourceOf(told), source);
    if (seen !== told) assert.equal(parseAddress(told), undefined, "it can't be dialled");
  }
  from = udpEnd("2001:db8:0:7::1", 4_000);
  assert.equal(sourceOf(sources.trueAddress(direct)), "2001:db8:0:7");
  forget();
  assert.equal(sources.trueAddress(direct), direct);
});

Deno.test("both ends of a real connection over pipes know where it comes from", async () => {
  await using stack = usingStack();
  const [key, otherKey] = [SigningKey.generate(), SigningKey.generate()];
  const [near, far] = [await startLibp2p(key), await startLibp2p(otherKey)];
  const serverPort = await far.bind(null);
  const peer = peerIdOf(otherKey.publicKey);
  const [nearPath, farPath] = new Way(stack).ends;
  const pipes = [
    new Pipe({ stack, path: nearPath }),
    new Pipe({ stack, path: farPath, serverPort }),
  ] as const;
  near.pipes.add(pipes[0].port, () => ({ kind: "relayed", by: RELAY }));
  far.pipes.add(pipes[1].port, () => ({ kind: "direct", from: udpEnd("192.0.2.7", 4_000) }));
  const opened = openedOf(far);
  const dialled = await near.dial({
    peer,
    addresses: [`/ip4/127.0.0.1/udp/${pipes[0].port}/quic-v1/p2p/${peer}`],
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(sourceOf(dialled.remoteAddress), RELAY);
  assert.equal(sourceOf((await opened.take()).remoteAddress), "192.0.2.7");
  await near.stop();
  await far.stop();
  for (const pipe of pipes) pipe.close();
  endLibp2pLeaks();
});

function openedOf(network: Libp2pNetwork): Mailbox<PeerConnection> {
  const opened = new Mailbox<PeerConnection>();
  network.listen({ opened: (connection) => opened.put(connection), closed: () => {} });
  return opened;
}
