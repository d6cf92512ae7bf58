import assert from "node:assert/strict";
import { differingVersions } from "../../src/base/differing_versions.ts";

/** `bob:0.2.0 cid:0.1.0` */
function machines(text: string) {
  return text.split(" ").filter((word) => word !== "").map((word) => {
    const [name = "", version = ""] = word.split(":");
    return { name, version };
  });
}

const END = "until then all go on with what both versions know";

const cases: [own: string, others: string, found: string, remedy: string][] = [
  [
    "0.1.0",
    "bob:0.2.0 cid:0.1.0",
    "mesh-llm is 0.1.0 here, 0.2.0 on bob",
    `Run mesh-llm update on this machine, cid, to 0.2.0: ${END}`,
  ],
  [
    "0.10.0",
    "bob:0.9.0 cid:0.10.0 dan:0.9.0 eve:0.10.0-rc.1",
    "mesh-llm is 0.10.0 here, 0.10.0-rc.1 on eve, 0.9.0 on bob, dan",
    `Run mesh-llm update on bob, dan, eve, to 0.10.0: ${END}`,
  ],
  [
    "0.2.0",
    Array.from({ length: 11 }, (_, index) => `m${index}:0.1.0`).join(" "),
    "mesh-llm is 0.2.0 here, 0.1.0 on m0, m1, m2, m3, m4 and 6 more",
    `Run mesh-llm update on m0, m1, m2, m3, m4 and 6 more, to 0.2.0: ${END}`,
  ],
];

for (const [own, others, found, remedy] of cases) {
  Deno.test(`differingVersions() of ${own} beside ${others.slice(0, 40)} names who is behind`, () => {
    assert.deepEqual(differingVersions(own, machines(others)), { found, remedy });
  });
}

Deno.test("differingVersions() says nothing where all are the same", () => {
  for (const others of ["", "bob:0.1.0"]) {
    assert.equal(differingVersions("0.1.0", machines(others)), null);
  }
});
