import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import {
  addressBytes,
  isLinkLocal,
  isLoopback,
  isSharedSpace,
  siteOf,
} from "../../src/base/ip_address.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_TEST_ADDRESSES") ?? 300);

Deno.test("isLoopback() knows names and addresses of this machine in all their spellings", () => {
  const own = [
    "localhost",
    "console.localhost",
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "[::ffff:7f00:1]",
  ];
  for (const host of own) assert.ok(isLoopback(host), host);
  const others = ["", "127", "127.0.0.1.lan", "127.lan", "localhost.lan", "::", "::2", "1::1"];
  for (const host of [...others, "128.0.0.1", "::127.0.0.1", "[127.0.0.1", "::ffff:128.0.0.1"]) {
    assert.ok(!isLoopback(host), host);
  }
});

Deno.test("addresses of one link and of overlay networks are told from all others", () => {
  const table: [address: string, linkLocal: boolean, shared: boolean][] = [
    ["169.254.1.1", true, false],
    ["169.253.1.1", false, false],
    ["fe80::1", true, false],
    ["FEBF::1%eth0", true, false],
    ["fec0::1", false, false],
    ["fe7f::1", false, false],
    ["100.64.0.1", false, true],
    ["100.127.255.255", false, true],
    ["::ffff:100.64.0.1", false, true],
    ["100.63.0.1", false, false],
    ["100.128.0.1", false, false],
    ["6440::1", false, false],
    ["a9fe::1", false, false],
    ["gpu.lan", false, false],
  ];
  for (const [address, linkLocal, shared] of table) {
    assert.equal(isLinkLocal(address), linkLocal, address);
    assert.equal(isSharedSpace(address), shared, address);
  }
});

Deno.test("siteOf() is an IPv4 address, or the network of an IPv6 site, however it is written", () => {
  const table: [address: string, site: string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["2001:db8:0:7::1", "2001:db8:0:7"],
    ["2001:0DB8::7:0:0:0:1", "2001:db8:0:7"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::9%eth0", "fe80:0:0:0"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0"],
    ["", ""],
    ["/memory/7", "/memory/7"],
    ["not::an::address", "not::an::address"],
  ];
  for (const [address, site] of table) assert.equal(siteOf(address), site, address);
});

/** As the URL standard writes it. */
function canonical(address: string): string | undefined {
  return URL.parse(`http://[${address}]`)?.hostname;
}

Deno.test("addresses, their bytes, and those of this machine are read as node and URLs read them", () => {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  const group = fc.constantFrom("", "0", "1", "7f", "7f00", "ffff", "12345", "g", "127.0.0.1");
  const written = fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(":"));
  const near = fc.tuple(fc.integer({ min: 126, max: 128 }), fc.ipV4()).map(([first, rest]) =>
    rest.replace(/^\d+/, String(first))
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near, written, fc.string()), (text) => {
      const family = isIP(text);
      assert.equal(addressBytes(text) !== undefined, family !== 0);
      if (family === 0) return;
      const hex = addressBytes(text)?.toHex() ?? "";
      const whole = hex.length === 32 ? hex : `00000000000000000000ffff${hex}`;
      const wanted = family === 6 ? text : `::ffff:${text}`;
      assert.equal(canonical(whole.match(/.{4}/g)!.join(":")), canonical(wanted));
      assert.equal(isLoopback(text), loopback.check(text, family === 6 ? "ipv6" : "ipv4"));
    }),
    { numRuns: RUNS },
  );
});
