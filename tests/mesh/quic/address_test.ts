import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { multiaddr } from "@multiformats/multiaddr";
import { listenAddresses, parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { IPV4, IPV6 } from "../../../src/mesh/quic/native.ts";

const PEER = "12D3KooWGDMwwqrpcYKpKCgxuKT2NfqPqa94QnkoBBpqvCaiCzWd";

Deno.test("addresses of QUIC version 1 are taken apart", () => {
  const cases = [
    ["/ip4/1.2.3.4/udp/1234/quic-v1", {
      family: IPV4,
      host: "1.2.3.4",
      port: 1234,
      peer: undefined,
    }],
    [`/ip4/1.2.3.4/udp/1/quic-v1/p2p/${PEER}`, {
      family: IPV4,
      host: "1.2.3.4",
      port: 1,
      peer: PEER,
    }],
    ["/ip6/::1/udp/0/quic-v1", { family: IPV6, host: "::1", port: 0, peer: undefined }],
  ] as const;
  for (const [text, expected] of cases) {
    assert.deepEqual(parseQuicAddress(multiaddr(text)), expected);
  }
});

Deno.test("an address that this transport can't dial is no QUIC address", () => {
  const others = [
    "/ip4/1.2.3.4/tcp/1234",
    "/ip4/1.2.3.4/udp/1234",
    "/ip4/1.2.3.4/udp/1234/quic",
    "/ip4/1.2.3.4/udp/1234/webrtc-direct",
    "/ip4/1.2.3.4/udp/1234/quic-v1/webtransport",
    "/dns4/example.org/udp/1234/quic-v1",
    `/ip4/1.2.3.4/udp/1234/quic-v1/p2p/${PEER}/p2p-circuit`,
    `/ip4/1.2.3.4/udp/1234/quic-v1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`,
  ];
  for (const text of others) assert.equal(parseQuicAddress(multiaddr(text)), undefined, text);
});

Deno.test("a node that listens everywhere has an address on each interface", () => {
  const one = (family: "IPv4" | "IPv6", address: string) =>
    ({ family, address }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [one("IPv4", "127.0.0.1"), one("IPv6", "::1")],
    eth0: [one("IPv4", "10.0.0.7")],
    down: undefined,
  };
  const addresses = (family: typeof IPV4 | typeof IPV6, host: string) =>
    listenAddresses({ family, host, port: 9 }, interfaces).map(String);
  assert.deepEqual(addresses(IPV4, "0.0.0.0"), [
    "/ip4/127.0.0.1/udp/9/quic-v1",
    "/ip4/10.0.0.7/udp/9/quic-v1",
  ]);
  assert.deepEqual(addresses(IPV6, "::"), ["/ip6/::1/udp/9/quic-v1"]);
  assert.deepEqual(addresses(IPV4, "10.0.0.7"), ["/ip4/10.0.0.7/udp/9/quic-v1"]);
});
