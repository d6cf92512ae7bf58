import assert from "node:assert/strict";
import { keptAddresses } from "../../../src/mesh/trust/kept_addresses.ts";

const living = ["/1", "/2", "/3", "/4", "/5", "/6"];

Deno.test("the living fill all places that strangers leave", () => {
  assert.deepEqual(keptAddresses(living, [], 4), ["/1", "/2", "/3", "/4"]);
  assert.deepEqual(keptAddresses(["/1"], ["/a", "/b"], 4), ["/1", "/a", "/b"]);
});

// Two groups that had started apart never met: each had pushed out the token's address.
Deno.test("a stranger is kept however many are alive, up to half of the places", () => {
  assert.deepEqual(keptAddresses(living, ["/a"], 4), ["/1", "/2", "/3", "/a"]);
  assert.deepEqual(keptAddresses(living, ["/a", "/b", "/c"], 4), ["/1", "/2", "/a", "/b"]);
});
