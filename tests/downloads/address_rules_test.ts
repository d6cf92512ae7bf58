import assert from "node:assert/strict";
import { isPublicAddress, PUBLIC_ONLY } from "../../src/downloads/address_rules.ts";

Deno.test("isPublicAddress() knows this machine, this network and reserved ranges", () => {
  const own = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::192.168.1.1",
    "64:ff9b:1::808:808",
    "fc00::1",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "not an address",
    "127.1",
    "0x7f000001",
    "",
  ];
  for (const address of own) assert.equal(isPublicAddress(address), false, address);
  const outside = [
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00::1",
    "64:ff9b::808:808",
    "64:ff9b::140.82.121.4",
  ];
  for (const address of outside) assert.equal(isPublicAddress(address), true, address);
});

Deno.test("PUBLIC_ONLY takes https without a name and password, and nothing else", () => {
  const allowed = (url: string) => PUBLIC_ONLY.allowsUrl(new URL(url));
  assert.ok(allowed("https://example.com/m.gguf"));
  const others = [
    "http://example.com/",
    "ftp://example.com/",
    "file:///x",
    "https://a:b@example.com/",
  ];
  for (const url of others) assert.equal(allowed(url), false, url);
});
