import assert from "node:assert/strict";
import { hostname, isCrossSite, isOwnHost } from "../../../src/api/http/hosts.ts";

Deno.test("hostname() finds the host in a Host header, with and without a port", () => {
  const table: [string, string | null][] = [
    ["localhost", "localhost"],
    ["LocalHost:9337", "localhost"],
    ["localhost.:80", "localhost"],
    ["127.0.0.1:9337", "127.0.0.1"],
    ["127.0.0.1:", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["[::1]:9337", "[::1]"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["node-1.lan", "node-1.lan"],
    ["under_score.lan", "under_score.lan"],
    ["", null],
    ["::1", null],
    ["[::1", null],
    ["localhost:99999", null],
    ["localhost:http", null],
    ["localhost, evil.example", null],
    ["user@localhost", null],
    ["localhost/path", null],
    ["localhost?x", null],
    ["localhost#x", null],
    ["local host", null],
    ["%6cocalhost", null],
    ["ｌocalhost", null],
  ];
  for (const [header, expected] of table) assert.equal(hostname(header), expected, header);
});

Deno.test("isOwnHost() answers to loopback names, the bound address and given names only", () => {
  const own = { bound: "192.168.1.5", names: ["mini.lan", "fd00::5"] };
  const table: [string, boolean][] = [
    ["localhost:9337", true],
    ["chat.localhost", true],
    ["127.0.0.1", true],
    ["127.0.0.1:60000", true],
    ["localhost:99999", false],
    ["127.9.8.7:1", true],
    ["[::1]", true],
    ["[::ffff:127.0.0.1]:80", true],
    ["192.168.1.5:9337", true],
    ["MINI.lan", true],
    ["[fd00::5]:9337", true],
    ["192.168.1.6", false],
    ["mini.lan.evil.example", false],
    ["localhost.evil.example", false],
    ["evillocalhost", false],
    ["127.0.0.1.evil.example", false],
    ["[::ffff:0.127.0.1]", false],
    ["[::2]", false],
    ["", false],
  ];
  for (const [header, expected] of table) assert.equal(isOwnHost(header, own), expected, header);
});

Deno.test("isOwnHost() takes *. for every name below, and for no other", () => {
  const own = { bound: "127.0.0.1", names: ["*.Home.arpa"] };
  const table: [string, boolean][] = [
    ["gpu.home.arpa", true],
    ["a.b.home.arpa:9337", true],
    ["GPU.HOME.ARPA.", true],
    ["home.arpa", false],
    [".home.arpa", false],
    ["evilhome.arpa", false],
    ["gpu.home.arpa.evil.example", false],
    ["*.home.arpa", false],
  ];
  for (const [header, expected] of table) assert.equal(isOwnHost(header, own), expected, header);
});

Deno.test("isOwnHost() answers to every address, but to no foreign name, when bound to all", () => {
  for (const bound of ["0.0.0.0", "::"]) {
    const own = { bound, names: [] };
    assert.ok(isOwnHost("203.0.113.9:9337", own), bound);
    assert.ok(isOwnHost("[2001:db8::1]", own), bound);
    assert.ok(!isOwnHost("evil.example", own), bound);
  }
});

Deno.test("isOwnHost() knows a bound IPv6 address with and without brackets", () => {
  for (const bound of ["2001:db8::1", "[2001:DB8:0::1]"]) {
    assert.ok(isOwnHost("[2001:db8::1]:9337", { bound, names: [] }), bound);
  }
});

Deno.test("isCrossSite() lets the own page and programs pass, and pages of others never", () => {
  const own = "localhost:3131";
  const table: [string, Partial<Parameters<typeof isCrossSite>[0]>, boolean][] = [
    ["a program", {}, false],
    ["the own page", { origin: "http://localhost:3131", site: "same-origin" }, false],
    ["a typed address", { site: "none", mode: "navigate", destination: "document" }, false],
    ["a followed link", { site: "cross-site", mode: "navigate", destination: "document" }, false],
    ["a followed link's head", {
      method: "HEAD",
      site: "cross-site",
      mode: "navigate",
      destination: "document",
    }, false],
    ...["POST", "DELETE", "PUT"].map((method): [string, object, boolean] => [
      `a navigation by ${method}`,
      { method, site: "cross-site", mode: "navigate", destination: "document" },
      true,
    ]),
    ["a frame", { site: "cross-site", mode: "navigate", destination: "iframe" }, true],
    ["a foreign image", { site: "cross-site", mode: "no-cors", destination: "image" }, true],
    ["a foreign fetch", { origin: "https://evil.example", site: "cross-site" }, true],
    ["an old browser", { origin: "https://evil.example" }, true],
    ["only the site", { site: "cross-site" }, true],
    ["another port", { origin: "http://localhost:9337", site: "same-site" }, true],
    ["an image on another port", { site: "same-site", mode: "no-cors" }, true],
    ["another name of ours", { origin: "http://127.0.0.1:3131" }, true],
    ["a file or sandbox", { origin: "null" }, true],
    ["a posted form", {
      origin: "https://evil.example",
      site: "cross-site",
      mode: "navigate",
      destination: "document",
    }, true],
    ["a redirect with our origin", { origin: "http://localhost:3131", site: "cross-site" }, true],
  ];
  for (const [who, from, expected] of table) {
    const request = {
      method: "GET",
      host: own,
      origin: null,
      site: null,
      mode: null,
      destination: null,
      ...from,
    };
    assert.equal(isCrossSite(request), expected, who);
  }
});

Deno.test("isCrossSite() ignores the scheme, since a proxy may speak https", () => {
  const from = { method: "POST", site: "same-origin", mode: "cors", destination: "empty" };
  const at = (host: string, origin: string) => isCrossSite({ ...from, host, origin });
  assert.ok(!at("mini.lan", "https://mini.lan"));
  assert.ok(!at("mini.lan:443", "https://mini.lan"));
  assert.ok(at("mini.lan", "https://mini.lan:8443"));
});
