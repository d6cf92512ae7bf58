import assert from "node:assert/strict";
import { isNear, nativeWay } from "../../../src/mesh/base/peer_way.ts";
import { givesNewPorts } from "../../../src/mesh/reach/router_ports.ts";

const at = (address: string, netmask?: string) => ({
  name: "eth0",
  address,
  ...(netmask === undefined ? {} : { netmask }),
});

const HOME = [at("127.0.0.1", "255.0.0.0"), at("192.168.1.4", "255.255.255.0"), at("fe80::1")];
const SERVER = [at("203.0.113.7", "255.255.255.0")];
const GLOBAL = [at("2001:db8:1:2::4", "ffff:ffff:ffff:ffff::")];

const ADDRESSES = [
  ["another machine of the home", "192.168.1.9", HOME, true],
  ["this machine", "127.0.0.1", HOME, true],
  ["this machine, by its own name", "203.0.113.7", SERVER, true],
  ["a link of its own", "fe80::9", HOME, true],
  ["a link of IPv4", "169.254.7.7", HOME, true],
  ["another network of the office", "192.168.2.9", HOME, false],
  ["a wider one", "10.1.200.9", [at("10.1.2.3", "255.255.0.0")], true],
  ["a narrower one", "10.1.2.200", [at("10.1.2.3", "255.255.255.128")], false],
  ["one that says nothing of its size", "10.1.2.200", [at("10.1.2.3")], true],
  ["a stranger of the same provider", "203.0.113.8", SERVER, false],
  ["an overlay", "100.64.0.9", [at("100.64.0.1", "255.255.255.255")], false],
  ["IPv6 of the same home", "2001:db8:1:2::9", GLOBAL, true],
  ["IPv6 elsewhere", "2001:db8:1:3::9", GLOBAL, false],
  ["IPv4 seen by IPv6", "::ffff:192.168.1.9", HOME, true],
  ["no address", "", HOME, false],
] as const;

for (const [name, ip, interfaces, near] of ADDRESSES) {
  Deno.test(`whether an address is of this machine's network: ${name}`, () => {
    assert.equal(isNear(ip, interfaces), near);
  });
}

const address = (ip: string) => `/ip${ip.includes(":") ? 6 : 4}/${ip}/udp/47001/quic-v1`;
const HIDDEN = [address("192.168.7.9"), address("45.76.1.9")];
const OPEN = [address("45.76.1.9"), address("10.0.0.9")];

const WAYS = [
  ["in one network", "outbound", "192.168.1.9", HOME, false, HIDDEN, "lan"],
  ["at an address of its own", "outbound", "45.76.1.9", HOME, false, OPEN, "direct"],
  ["through its router", "outbound", "45.76.1.9", HOME, false, HIDDEN, "mapped"],
  ["through this node's router", "inbound", "45.76.1.9", HOME, true, OPEN, "mapped"],
  ["from outside, by a forwarded port", "inbound", "45.76.1.9", HOME, false, HIDDEN, "direct"],
  ["at this server", "inbound", "45.76.1.9", SERVER, true, HIDDEN, "direct"],
  ["by IPv6", "outbound", "2001:db8::9", HOME, true, HIDDEN, "direct"],
  ["over a private network", "outbound", "10.9.9.9", HOME, true, HIDDEN, "direct"],
  ["of a peer that tells nothing", "outbound", "45.76.1.9", HOME, false, [], "direct"],
] as const;

for (const [name, direction, ip, interfaces, isMapped, told, way] of WAYS) {
  Deno.test(`how a peer without a pipe is reached: ${name}`, () => {
    const remoteAddress = address(ip);
    assert.equal(nativeWay({ direction, remoteAddress, interfaces, isMapped, told }), way);
  });
}

Deno.test("a router gives new ports where two peers see one address and two ports", () => {
  const seen = (ip: string, port: number) => ({ ip, port });
  const table = [
    [[], false],
    [[seen("45.76.1.1", 5)], false],
    [[seen("45.76.1.1", 5), seen("45.76.1.1", 5)], false],
    [[seen("45.76.1.1", 5), seen("45.76.1.1", 6)], true],
    [[seen("45.76.1.1", 5), seen("192.168.1.4", 6)], false],
    [[seen("2001:db8::1", 5), seen("2001:db8::1", 6)], false],
  ] as const;
  for (const [ends, expected] of table) assert.equal(givesNewPorts(ends), expected);
});
