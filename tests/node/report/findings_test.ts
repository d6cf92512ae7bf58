import assert from "node:assert/strict";
import type { PeerId, RouteInstance, RouteNode } from "../../../src/mesh/mod.ts";
import { type FindingsInput, findingsOf } from "../../../src/node/report/findings.ts";
import { routeNode as node, speaking } from "./route_node.ts";

const NOW = 1_700_000_000_000;

const WAITING: RouteInstance = {
  host: "ann" as PeerId,
  model: { name: "big", fingerprint: "f" },
  mode: "split",
  state: "waiting",
  term: 1,
  hostShare: 1,
  workers: [],
  needBytes: 20e9,
  haveBytes: 12e9,
  sizeBytes: 18e9,
  slots: 0,
} as unknown as RouteInstance;

type Parts = Partial<FindingsInput> & {
  readonly nodes?: readonly RouteNode[];
  readonly instances?: readonly RouteInstance[];
};

function found({ nodes = [node("ann"), node("bob")], instances = [], ...more }: Parts = {}) {
  return findingsOf({
    self: "ann" as PeerId,
    version: "0.1.0",
    newerRelease: null,
    role: "member",
    routes: { version: "v", instances, wanted: [], lost: [], namesakes: [], nodes, partial: false },
    addresses: ["/ip4/10.0.0.2/udp/1/quic-v1/p2p/ann"],
    distanceMs: () => 0.3,
    startedMs: () => NOW - 1_000,
    engineAdvice: null,
    capped: [],
    lostDevices: [],
    ownAuthorities: null,
    dataDir: "/d",
    freeBytes: 80e9,
    nowMs: NOW,
    ...more,
  });
}

Deno.test("findingsOf() finds nothing where nothing is in the way", () => {
  assert.deepEqual(found(), []);
  assert.deepEqual(found({ instances: [WAITING] }), []);
  assert.deepEqual(found({ instances: [WAITING], nodes: [] }), []);
});

Deno.test("findingsOf() says that there is a newer release", () => {
  const [only, ...rest] = found({ newerRelease: "0.2.0" });
  assert.deepEqual(rest, []);
  assert.deepEqual([only?.about, only?.level], ["update", "warning"]);
  assert.equal(only?.found, "mesh-llm 0.2.0 is there, and this is 0.1.0");
});

Deno.test("findingsOf() says why a node with company makes no connections of the wide lane", () => {
  const ownAuthorities = "NODE_EXTRA_CA_CERTS";
  assert.deepEqual(found({ ownAuthorities, nodes: [node("ann")] }), []);
  const [only, ...rest] = found({ ownAuthorities });
  assert.deepEqual(rest, []);
  assert.deepEqual([only?.about, only?.level], ["wide-lane", "warning"]);
  assert.match(only?.remedy ?? "", /without NODE_EXTRA_CA_CERTS, or with --no-wide-lane/);
});

const STRANGER = node("bob", { engine: speaking("3.7.0") });
const cases: [name: string, parts: Parts, about: string, found: RegExp, remedy: RegExp][] = [
  [
    "whose memory a waiting model can't use for its RPC protocol",
    { instances: [WAITING], nodes: [node("ann"), STRANGER, node("cid")] },
    "problem waiting",
    /^big waits for memory, and bob \(12\.0 GB\) can't lend theirs: .* 8\.0\.0 on ann, 3\.7\.0 on bob$/,
    /^Run mesh-llm engine install --like ann on bob, and start it again$/,
  ],
  [
    "the same for whoever does not serve itself, such as a client",
    {
      instances: [WAITING],
      nodes: [node("ann"), STRANGER],
      self: "eve" as PeerId,
      role: "client",
      addresses: [],
      distanceMs: () => undefined,
    },
    "problem waiting",
    /bob/,
    /engine install --like ann on bob/,
  ],
  [
    "who is too far away for a waiting model",
    { instances: [WAITING], distanceMs: () => 160 },
    "problem waiting",
    /^big waits .* bob \(12\.0 GB\) can't lend theirs: more than 80 ms away from ann/,
    /nearer/,
  ],
  [
    "that protocols differ before anything waits for it",
    { nodes: [node("ann"), STRANGER, node("cid")] },
    "warning rpc-protocol",
    /differs: 8\.0\.0 on ann, cid; 3\.7\.0 on bob$/,
    /engine install --like ann on bob/,
  ],
  [
    "another version",
    { nodes: [node("ann"), node("bob", { version: "0.2.0" })] },
    "warning version",
    /^mesh-llm is 0\.1\.0 here, 0\.2\.0 on bob$/,
    /^Run mesh-llm update on this machine, to 0\.2\.0/,
  ],
  [
    "a clock that is ahead",
    { startedMs: (peer) => peer === "bob" ? NOW + 3_600_000 : NOW },
    "problem clock",
    /^bob started in the future/,
    /Set the clock/,
  ],
  [
    "that nobody can reach this node",
    { addresses: ["/ip4/127.0.0.1/udp/1", "/ip6/::1/udp/1"] },
    "warning addresses",
    /no address that another machine could reach/,
    /network/,
  ],
  [
    "an idle GPU",
    {
      engineAdvice: {
        backend: "cpu",
        found: "There is a GPU (AMD), and this llama.cpp does not use it",
        remedy: "Run mesh-llm engine install",
      },
    },
    "warning gpu",
    /There is a GPU \(AMD\)/,
    /engine install/,
  ],
  [
    "a GPU that was lost twice",
    {
      lostDevices: [{
        name: "CUDA0",
        description: "RTX 3090",
        reason: "once again, the GPU CUDA0 was lost (CUDA error: unknown error)",
      }],
    },
    "problem gpu",
    /^CUDA0 \(RTX 3090\) is not used any more: once again, .* error\)$/,
    /dmesg.*start mesh-llm anew/,
  ],
  [
    "a disk that is nearly full",
    { freeBytes: 1.9e9 },
    "warning disk",
    /^Less than 2 GB are free at \/d$/,
    /Free some/,
  ],
  [
    "an alias that stands for two models",
    {
      nodes: [
        node("ann", { aliases: [{ alias: "default", model: { name: "big", fingerprint: "f" } }] }),
        node("bob", { aliases: [{ alias: "default", model: { name: "low", fingerprint: "e" } }] }),
        node("cid", { aliases: [{ alias: "other", model: { name: "low", fingerprint: "e" } }] }),
      ],
    },
    "warning alias",
    /^The alias default stands for big and low: config\.toml says so on ann, bob$/,
    /^Give it to one model only/,
  ],
  [
    "a model that gets less context than was asked for",
    { capped: [{ model: "small", note: "small was trained for 2,048", trained: 2_048 }] },
    "warning context",
    /^small was trained for 2,048$/,
    /`mesh-llm settings small ctx=2048`/,
  ],
];

for (const [name, parts, about, sentence, remedy] of cases) {
  Deno.test(`findingsOf() finds ${name}, and only that`, () => {
    const [finding, ...others] = found(parts);
    assert.ok(finding);
    assert.deepEqual(others, []);
    assert.equal(`${finding.level} ${finding.about}`, about);
    assert.match(finding.found, sentence);
    assert.match(finding.remedy, remedy);
  });
}

Deno.test("findingsOf() puts problems first, and names few of a thousand machines", () => {
  const nodes = Array.from({ length: 1_000 }, (_, index) => node(`n${index}`, { version: "9" }));
  const findings = found({ nodes, self: "n0" as PeerId, startedMs: () => NOW + 3_600_000 });
  assert.deepEqual(findings.map(({ about }) => about), ["clock", "version"]);
  assert.match(findings[1]?.found ?? "", /on n1, n2, n3, n4, n5 and 994 more$/);
});

Deno.test("findingsOf() says what can't be loaded, where, and why, as llama.cpp says it", () => {
  const failures = [{ model: "sick", reason: "llama-server: unknown model architecture: 'new'" }];
  const [finding] = found({ nodes: [node("ann"), node("bob", { failures })] });
  assert.equal(finding?.about, "failed");
  assert.equal(finding?.level, "problem");
  assert.equal(
    finding?.found,
    "sick can't be loaded on bob: llama-server: unknown model architecture: 'new'",
  );
});
