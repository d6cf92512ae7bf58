import assert from "node:assert/strict";
import { type InterfaceAddress, ownAddresses } from "../../../src/api/http/own_addresses.ts";

const HERE: readonly InterfaceAddress[] = [
  { name: "lo", family: "IPv4", address: "127.0.0.1" },
  { name: "lo", family: "IPv6", address: "::1" },
  { name: "wlan0", family: "IPv6", address: "2001:db8::5" },
  { name: "wlan0", family: "IPv6", address: "fe80::1" },
  { name: "eth0", family: "IPv4", address: "192.168.1.5" },
  { name: "eth0", family: "IPv4", address: "169.254.7.7" },
  { name: "wg0", family: "IPv4", address: "10.8.0.2" },
];

Deno.test("ownAddresses() lists the addresses that the port was bound to, this machine's own first", () => {
  const table: [string, string, [string, string | null][]][] = [
    ["127.0.0.1", "http://127.0.0.1:9337", [["http://127.0.0.1:9337", null]]],
    ["localhost", "http://localhost:9337", [["http://localhost:9337", null]]],
    ["192.168.1.5", "http://192.168.1.5:9337", [["http://192.168.1.5:9337", "eth0"]]],
    // It has gone since, or is a name.
    ["192.168.1.9", "http://192.168.1.9:1", [["http://192.168.1.9:1", null]]],
    ["mini.lan", "http://mini.lan:1", [["http://mini.lan:1", null]]],
    ["0.0.0.0", "http://127.0.0.1:9337", [
      ["http://127.0.0.1:9337", null],
      ["http://192.168.1.5:9337", "eth0"],
      ["http://10.8.0.2:9337", "wg0"],
    ]],
    ["::", "http://[::1]:9337", [
      ["http://[::1]:9337", null],
      ["http://192.168.1.5:9337", "eth0"],
      ["http://10.8.0.2:9337", "wg0"],
      ["http://[2001:db8::5]:9337", "wlan0"],
    ]],
  ];
  for (const [bound, url, addresses] of table) {
    const found = ownAddresses(bound, url, HERE);
    assert.deepEqual(found.map(({ url, on }) => [url, on]), addresses, bound);
  }
  const many = Array.from({ length: 300 }, (_, at) => ({
    name: `veth${at}`,
    family: "IPv4" as const,
    address: `172.17.${at >> 8}.${at & 255}`,
  }));
  assert.equal(ownAddresses("0.0.0.0", "http://127.0.0.1:1", many).length, 32);
});
