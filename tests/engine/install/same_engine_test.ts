import assert from "node:assert/strict";
import { sameEngineRemedy } from "../../../src/engine/install/same_engine.ts";

function machines(spoken: Readonly<Record<string, string>>) {
  return Object.entries(spoken).map(([name, rpcProtocol]) => ({
    id: `12D${name}`,
    name,
    rpcProtocol,
  }));
}

for (
  const [spoken, remedy] of [
    [{ ann: "8.0.0" }, ""],
    [{ ann: "8.0.0", bob: "8.0.0" }, ""],
    [
      { ann: "8.0.0", bob: "7.1.0" },
      "Run mesh-llm engine install --like ann on bob, and start it again",
    ],
    [
      { ann: "7.1.0", bob: "10.0.0" },
      "Run mesh-llm engine install --like bob on ann, and start it again",
    ],
    [
      { ann: "8.0.0", bob: "7.1.0", cid: "7.1.0" },
      "Run mesh-llm engine install --like bob on ann, and start it again",
    ],
    [
      { ann: "8.0.0", bob: "7.1.0", cid: "7.2.0", dan: "8.0.0" },
      "Run mesh-llm engine install --like ann on cid, on bob, and start them again",
    ],
    [
      { "ann's $(rm)": "8.0.0", bob: "7.1.0" },
      "Run mesh-llm engine install --like 12Dann's $(rm) on bob, and start it again",
    ],
  ] as const
) {
  Deno.test(`sameEngineRemedy() of ${JSON.stringify(spoken)}`, () => {
    assert.equal(sameEngineRemedy(machines(spoken), "12Deve"), remedy);
  });
}

Deno.test("sameEngineRemedy() names the same machine wherever it is read", () => {
  const two = machines({ ann: "8.0.0", bob: "7.1.0" });
  const [ann = "", bob = ""] = two.map(({ id }) => id);
  assert.match(sameEngineRemedy(two, ann), /--like ann on bob/);
  assert.match(sameEngineRemedy(two.toReversed(), bob), /--like ann here/);
});

Deno.test("sameEngineRemedy() names no more machines than one reads", () => {
  const many = Object.fromEntries([..."abcdefgh"].map((name) => [name, "7.0.0"]));
  const newer = Object.fromEntries([..."ijklmnopq"].map((name) => [name, "8.0.0"]));
  assert.match(
    sameEngineRemedy(machines({ ...many, ...newer }), ""),
    /--like i on a, on b, on c, on d, on e, on 3 more, and start them again$/,
  );
});
