import assert from "node:assert/strict";
import { routersOf, routesOfLinux, routesOfMac } from "../../../src/mesh/mapping/route.ts";

const HEAD =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

Deno.test("the routers of Linux's table, the preferred first", () => {
  const rows = [
    ["wlan0", "00000000", "0101A8C0", "0003", "0", "0", "600", "00000000", "0", "0", "0"],
    ["eth0", "00000000", "FE00000A", "0003", "0", "0", "100", "00000000", "0", "0", "0"],
    // A bridge that has the default route, and leads to no router.
    ["docker0", "00000000", "00000000", "0001", "0", "0", "0", "00000000", "0", "0", "0"],
    // One network behind another router.
    ["eth0", "0000A8C0", "0201A8C0", "0003", "0", "0", "0", "0000FFFF", "0", "0", "0"],
    // Half of the internet, through an overlay.
    ["tun0", "00000000", "0100080A", "0003", "0", "0", "0", "00000080", "0", "0", "0"],
  ];
  assert.deepEqual(routesOfLinux(HEAD + rows.map((row) => row.join("\t")).join("\n") + "\n"), [
    { name: "eth0", router: "10.0.0.254" },
    { name: "wlan0", router: "192.168.1.1" },
  ]);
  for (const text of ["", HEAD, "nonsense\nnonsense"]) assert.deepEqual(routesOfLinux(text), []);
});

Deno.test("the routers of macOS", () => {
  const text = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.178.1      UGScg                 en0
default            link#22            UCSIg           bridge100      !
127                127.0.0.1          UCS                   lo0
192.168.178        link#11            UCS                   en0      !
`;
  assert.deepEqual(routesOfMac(text), [{ router: "192.168.178.1", name: "en0" }]);
});

Deno.test("a router is asked from the address that it knows, each once, and no more than a few", () => {
  const interfaces = [
    { name: "eth0", address: "fe80::1" },
    { name: "eth0", address: "10.0.0.7" },
    { name: "wlan0", address: "192.168.1.9" },
  ];
  const routes = [
    { name: "eth0", router: "10.0.0.254" },
    { name: "wlan0", router: "192.168.1.1" },
    { name: "wlan0", router: "10.0.0.254" },
    { name: "gone", router: "10.9.9.9" },
  ];
  assert.deepEqual(routersOf(routes, interfaces).toSorted((a, b) => a.router < b.router ? -1 : 1), [
    { router: "10.0.0.254", own: "10.0.0.7" },
    { router: "192.168.1.1", own: "192.168.1.9" },
  ]);
  const many = Array.from({ length: 30 }, (_, n) => ({ name: "eth0", router: `10.0.1.${n}` }));
  assert.equal(routersOf(many, interfaces).length, 4);
});
