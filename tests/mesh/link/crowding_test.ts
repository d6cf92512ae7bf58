import assert from "node:assert/strict";
import fc from "fast-check";
import { sourceOf, yieldingOf } from "../../../src/mesh/link/crowding.ts";

Deno.test("sourceOf() is an IPv4 address, the network of an IPv6 site, or the member that relays", () => {
  const table: [address: string, source: string][] = [
    ["/ip4/192.0.2.7/udp/4001/quic-v1", "192.0.2.7"],
    ["/ip4/192.0.2.7/udp/4002/quic-v1/p2p/12D3KooW", "192.0.2.7"],
    ["/ip6/2001:db8:0:7::1/udp/1/quic-v1", "2001:db8:0:7"],
    ["/ip6/2001:db8:0:7:ffff:1:2:3/udp/1/quic-v1", "2001:db8:0:7"],
    ["/ip6/2001:0db8::7:0:0:0:1/udp/1/quic-v1", "2001:db8:0:7"],
    ["/ip6/::1/udp/1/quic-v1", "0:0:0:0"],
    ["/ip6/2001:db8::/udp/1/quic-v1", "2001:db8:0:0"],
    ["/ip6zone/eth0/ip6/fe80::9/udp/1/quic-v1", "fe80:0:0:0"],
    ["/p2p/12D3KooWRelay/p2p-circuit/p2p/12D3KooWPeer", "12D3KooWRelay"],
    ["/ip4/192.0.2.7/udp/4003/p2p-circuit/p2p/12D3KooWPeer", "192.0.2.7"],
    ["/memory/7", "/memory/7"],
  ];
  for (const [address, source] of table) assert.equal(sourceOf(address), source, address);
});

Deno.test("yieldingOf() takes the longest there of the source with the most, the newcomer's counted", () => {
  const table: [waiting: string, newcomer: string, yields: number | undefined][] = [
    ["", "a", undefined],
    ["aaaa", "a", 0],
    ["aaaa", "b", 0],
    ["baaa", "b", 1],
    ["bbaa", "b", 0],
    ["aabb", "b", 2],
    ["aabb", "c", 0],
    ["abcd", "e", 0],
    ["abcd", "c", 2],
  ];
  for (const [waiting, newcomer, yields] of table) {
    const all = [...waiting].map((source, index) => ({ source, index }));
    assert.equal(yieldingOf(all, newcomer)?.index, yields, `${newcomer} after ${waiting}`);
  }
});

Deno.test("yieldingOf() never turns a source away that has fewer than its part of the places", () => {
  const source = fc.constantFrom("flood", "other flood", "a", "b", "c");
  fc.assert(fc.property(fc.array(source, { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (
    arrivals,
    places,
  ) => {
    const waiting: { source: string }[] = [];
    for (const newcomer of arrivals) {
      if (waiting.length === places) {
        const yielding = yieldingOf(waiting, newcomer)!;
        const count = (of: string) =>
          waiting.filter((one) => one.source === of).length + (of === newcomer ? 1 : 0);
        const sources = new Set([...waiting.map((one) => one.source), newcomer]);
        assert.ok(count(yielding.source) > places / sources.size);
        waiting.splice(waiting.indexOf(yielding), 1);
      }
      waiting.push({ source: newcomer });
    }
    assert.ok(waiting.length <= places);
  }));
});
