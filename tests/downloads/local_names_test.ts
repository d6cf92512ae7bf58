import assert from "node:assert/strict";
import { NAMELESS_KEPT_MS, NAMELESS_MAX } from "../../src/downloads/defaults.ts";
import { LocalNames } from "../../src/downloads/local_names.ts";

function world() {
  const asked: string[] = [];
  const known = new Map<string, readonly string[]>([["here", ["10.0.0.1", "::1"]]]);
  const clock = { ms: 0 };
  const names = new LocalNames((name) => {
    asked.push(name);
    const addresses = known.get(name);
    if (addresses === undefined) return Promise.reject(new Error("ENOTFOUND"));
    return Promise.resolve(addresses.map((address) => ({ address })));
  }, () => clock.ms);
  return { names, asked, known, clock };
}

Deno.test("a name without an address is asked for once a while, any other each time", async () => {
  const { names, asked, known, clock } = world();
  for (const _ of [1, 2, 3]) {
    assert.deepEqual(await names.addressesOf("gone"), []);
    assert.deepEqual(await names.addressesOf("here"), ["10.0.0.1", "::1"]);
  }
  assert.deepEqual(asked, ["gone", "here", "here", "here"]);
  known.set("gone", ["192.168.0.7"]);
  clock.ms = NAMELESS_KEPT_MS;
  assert.deepEqual(await names.addressesOf("gone"), ["192.168.0.7"]);
  clock.ms = 0;
  known.set("gone", ["192.168.0.8"]);
  assert.deepEqual(await names.addressesOf("gone"), ["192.168.0.8"], "an address is never kept");
});

Deno.test("of names without an address no more are kept than servers are asked", async () => {
  const { names, asked } = world();
  for (let index = 0; index <= NAMELESS_MAX; index++) await names.addressesOf(`n${index}`);
  await names.addressesOf("n1");
  await names.addressesOf("n0");
  assert.deepEqual(asked.slice(NAMELESS_MAX + 1), ["n0"]);
});
