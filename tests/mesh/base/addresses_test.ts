import assert from "node:assert/strict";
import {
  announceable,
  dialOrder,
  formatAddress,
  groupByPeer,
  invitable,
  parseAddress,
} from "../../../src/mesh/base/addresses.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";

const PEER = peerIdOf(new Uint8Array(32).fill(7));
const OTHER = peerIdOf(new Uint8Array(32).fill(8));
const at = (ip: string, peer = PEER) => formatAddress({ ip, port: 4500, peer });

/** Interfaces written `name address`; the answer holds the addresses in their order. */
const ORDER: [string, string[], string[]][] = [
  ["a LAN before everything", ["lo 127.0.0.1", "docker0 172.17.0.1", "en0 192.168.1.5"], [
    "192.168.1.5",
  ]],
  ["IPv4 before IPv6", ["en0 2001:db8::5", "en0 192.168.1.5"], ["192.168.1.5", "2001:db8::5"]],
  ["a LAN before an overlay network", ["utun3 100.100.1.1", "en0 10.0.0.5"], [
    "10.0.0.5",
    "100.100.1.1",
  ]],
  ["no link-local ones", ["en0 fe80::1", "en0 169.254.3.4", "en1 10.0.0.6"], ["10.0.0.6"]],
  ["bridges only without anything better", ["lo 127.0.0.1", "br-1f2e 172.18.0.1"], [
    "172.18.0.1",
    "127.0.0.1",
  ]],
  ["loopback where there is nothing else", ["lo ::1", "lo 127.0.0.1"], ["127.0.0.1", "::1"]],
  ["nothing of nothing", [], []],
  ["no host's side of VirtualBox and Incus", [
    "vboxnet0 192.168.56.1",
    "incusbr0 10.9.8.1",
    "wlan0 10.1.1.1",
  ], ["10.1.1.1"]],
  ["a Mac's bridges and virtual networks", [
    "bridge100 192.168.64.1",
    "vmnet8 172.16.9.1",
    "en0 10.1.1.1",
  ], ["10.1.1.1"]],
];

Deno.test("announceable() tells what others can reach, the best first", () => {
  for (const [name, interfaces, expected] of ORDER) {
    const list = interfaces.map((text) => {
      const [name = "", address = ""] = text.split(" ");
      return { name, address };
    });
    const told = announceable(list, { port: 4500, peer: PEER });
    assert.deepEqual(told, expected.map((ip) => at(ip)), name);
  }
});

Deno.test("announceable() gives machines elsewhere an address of IPv6 and the router's, before the rest", () => {
  const lan = ["en0 192.168.1.5", "en1 192.168.2.5", "en0 fd00::5"];
  const wide = [...lan, "en0 2a01::5", "en0 2a01::6"];
  const rows: [string[], string[]][] = [
    [[], ["45.76.1.1"]],
    [lan, ["192.168.1.5", "45.76.1.1", "192.168.2.5", "fd00::5"]],
    [wide, ["192.168.1.5", "2a01::5", "45.76.1.1", "192.168.2.5", "fd00::5", "2a01::6"]],
    [["en0 2a01::5"], ["2a01::5", "45.76.1.1"]],
  ];
  for (const [interfaces, expected] of rows) {
    const list = interfaces.map((text) => {
      const [name = "", address = ""] = text.split(" ");
      return { name, address };
    });
    const mapped = { ip: "45.76.1.1", port: 4500 };
    const told = announceable(list, { port: 4500, peer: PEER, mapped });
    assert.deepEqual(told, expected.map((ip) => at(ip)));
    const unmapped = announceable(list, { port: 4500, peer: PEER });
    assert.deepEqual(unmapped, told.filter((address) => address !== at(mapped.ip)));
  }
});

Deno.test("announceable() tells the router's end alone where all others lead to this machine only", () => {
  const list = [
    { name: "lo", address: "127.0.0.1" },
    { name: "docker0", address: "172.17.0.1" },
    { name: "eth0", address: "fe80::1" },
  ];
  const mapped = { ip: "45.76.1.1", port: 4500 };
  assert.deepEqual(announceable(list, { port: 4500, peer: PEER, mapped }), [at(mapped.ip)]);
});

Deno.test("invitable() names loopback, and what counts on one link only, where nothing else is known", () => {
  const [lan, loopback, other] = [at("192.168.1.5"), at("127.0.0.1"), at("::1")];
  assert.deepEqual(invitable([loopback, lan, other]), [lan]);
  const link = at("169.254.7.7");
  assert.deepEqual(invitable([link, lan, at("fe80::1")]), [lan]);
  assert.deepEqual(invitable([link, loopback]), [link, loopback]);
  assert.deepEqual(invitable([loopback, other]), [loopback, other]);
  assert.deepEqual(invitable([]), []);
});

Deno.test("an address survives being written and read", () => {
  for (const ip of ["192.168.1.5", "::1", "2001:db8::ff"]) {
    assert.deepEqual(parseAddress(at(ip)), { ip, port: 4500, peer: PEER });
  }
});

Deno.test("a text that is no address of ours is not read as one", () => {
  const bad = [
    "",
    "/ip4/192.168.1.5/tcp/4500",
    `/dns4/example.org/udp/4500/quic-v1/p2p/${PEER}`,
    "/ip4/192.168.1.5/udp/4500/quic-v1",
    `/ip4/192.168.1.500/udp/4500/quic-v1/p2p/${PEER}`,
    `/ip6/192.168.1.5/udp/4500/quic-v1/p2p/${PEER}`,
    `/ip4/192.168.1.5/udp/0/quic-v1/p2p/${PEER}`,
    `/ip4/192.168.1.5/udp/70000/quic-v1/p2p/${PEER}`,
    "/ip4/192.168.1.5/udp/4500/quic-v1/p2p/12D3KooWnobody",
    `${at("10.0.0.1")}/p2p-circuit`,
  ];
  for (const text of bad) assert.equal(parseAddress(text), undefined, text);
});

Deno.test("dialOrder() starts with what worked last, and ends with loopback", () => {
  const [lan, wan, loopback] = [at("10.0.0.1"), at("2001:db8::1"), at("127.0.0.1")];
  assert.deepEqual(dialOrder([loopback, lan, wan, lan], undefined), [lan, wan, loopback]);
  assert.deepEqual(dialOrder([lan, wan, loopback], wan), [wan, lan, loopback]);
  assert.deepEqual(dialOrder([lan, loopback], loopback), [loopback, lan]);
});

Deno.test("groupByPeer() keeps the order and leaves out what is no address", () => {
  const groups = groupByPeer([
    at("10.0.0.2", OTHER),
    at("10.0.0.1"),
    "nonsense",
    at("10.0.0.3", OTHER),
  ]);
  assert.deepEqual([...groups], [
    [OTHER, [at("10.0.0.2", OTHER), at("10.0.0.3", OTHER)]],
    [PEER, [at("10.0.0.1")]],
  ]);
});
