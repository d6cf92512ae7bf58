import assert from "node:assert/strict";
import type { Status } from "../../../src/api/mod.ts";
import { peerEngineOf } from "../../../src/cli/client/peer_engine.ts";
import { status } from "../status_of_two.ts";

const [PEER] = status.peers;
assert.ok(PEER !== undefined);

function withEngines(...engines: (Status["peers"][number]["engine"])[]): Status {
  const peers = engines.map((engine, index) => ({
    ...PEER!,
    id: `12D3Koo${index}`,
    name: "bob",
    engine,
  }));
  return { ...status, peers };
}

const ENGINE = { build: "11669", rpcProtocol: "8.0.0" };

for (
  const [origin, source, tag] of [
    ["debian", "debian", "b11669"],
    ["release:b11541", "release", "b11541"],
    [null, null, "b11669"],
    [undefined, null, "b11669"],
    ["homebrew:1", null, "1"],
  ] as const
) {
  Deno.test(`peerEngineOf() reads an engine from ${origin}`, () => {
    const engine = origin === undefined ? ENGINE : { ...ENGINE, origin };
    const { source: from, ...found } = peerEngineOf(withEngines(engine), "bob");
    assert.equal(from, source);
    const { build, rpcProtocol, name } = found;
    assert.deepEqual({ build, rpcProtocol, name }, { ...ENGINE, name: "bob" });
    if (source !== null) assert.equal(found.tag, tag);
  });
}

Deno.test("peerEngineOf() finds a machine by the beginning of its id", () => {
  const two = withEngines(ENGINE, { ...ENGINE, build: "12000" });
  assert.equal(peerEngineOf(two, "12D3Koo1").build, "12000");
});

for (
  const [name, peers, peer, sentence] of [
    ["nobody of that name", withEngines(ENGINE), "eve", /no machine eve in the mesh, only bob$/],
    ["a mesh of one", withEngines(), "eve", /no machine eve in the mesh$/],
    ["two of one name", withEngines(ENGINE, ENGINE), "bob", /2 machines bob .* such as 12D3Koo0$/],
    ["a machine without llama.cpp", withEngines(null), "bob", /bob does not say which llama\.cpp/],
    [
      "an earlier version behind a routing table",
      withEngines({ ...ENGINE, build: "unknown" }),
      "bob",
      /bob does not say which llama\.cpp/,
    ],
  ] as const
) {
  Deno.test(`peerEngineOf() says what is the matter with ${name}`, () => {
    assert.throws(() => peerEngineOf(peers, peer), { name: "NodeAnswerError", message: sentence });
  });
}
