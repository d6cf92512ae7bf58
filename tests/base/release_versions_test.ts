import assert from "node:assert/strict";
import fc from "fast-check";
import { compareReleases, isVersion } from "../../src/base/release_versions.ts";

/** The example of SemVer 2.0.0, section 11, with its neighbours. */
const ORDERED = [
  "0.9.10",
  "0.10.0",
  "1.0.0-0",
  "1.0.0-2",
  "1.0.0-10",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "1.1.0",
  "2.0.0",
];

Deno.test("compareReleases() orders versions as SemVer does", () => {
  for (const [index, version] of ORDERED.entries()) {
    assert.ok(isVersion(version));
    for (const [other, against] of ORDERED.entries()) {
      assert.equal(
        Math.sign(compareReleases(version, against)),
        Math.sign(index - other),
        `${version} and ${against}`,
      );
    }
  }
});

Deno.test("isVersion() takes no other text", () => {
  for (
    const text of ["", "1", "1.2", "v1.2.3", "1.2.3+build", "1.2.3-", "1.2.3-a..b", "1.2.3/.."]
  ) {
    assert.ok(!isVersion(text), text);
  }
});

Deno.test("compareReleases() is an order: it turns with its arguments, and chains", () => {
  const word = fc.constantFrom("0", "1", "10", "a", "b", "rc");
  const version = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.array(word, { maxLength: 3 }))
    .map(([a, b, c, words]) => [`${a}.${b}.${c}`, words.join(".")].filter(Boolean).join("-"));
  fc.assert(fc.property(version, version, version, (a, b, c) => {
    assert.equal(Math.sign(compareReleases(a, b)) + Math.sign(compareReleases(b, a)), 0);
    assert.equal(compareReleases(a, b) === 0, a === b);
    if (compareReleases(a, b) <= 0 && compareReleases(b, c) <= 0) {
      assert.ok(compareReleases(a, c) <= 0);
    }
  }));
});
