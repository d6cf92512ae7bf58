import assert from "node:assert/strict";
import { join } from "node:path";
import type { LanStatus, PeerCheck, PortMappingStatus, Status } from "../../src/api/mod.ts";
import type { DoctorFacts } from "../../src/cli/commands/doctor/facts.ts";
import { type Finding, findingsOf } from "../../src/cli/commands/doctor/findings.ts";
import { doctorText } from "../../src/cli/commands/run_doctor.ts";
import { type Program, runProgram } from "../support/program.ts";
import { withManagementApi } from "./management.ts";
import { status } from "./status_of_two.ts";

const peer: PeerCheck = {
  id: status.peers[0]!.id,
  name: "bob",
  version: "0.1.0",
  addresses: ["/ip4/10.0.0.7/udp/4001/quic-v1/p2p/12D3KooWWorkWorkWorkWorkWork"],
  rpcProtocol: "8.0.0",
  startedMs: 1_000,
  unreachable: null,
};

const lan = { ...status.node, addresses: ["/ip4/10.0.0.2/udp/4001/quic-v1/p2p/x"] };
const node = { status: { ...status, node: lan }, peers: [peer] };

const GPU = {
  name: "CUDA0",
  kind: "discrete",
  totalBytes: 24e9,
  offeredBytes: 20e9,
  usedBytes: 5e9,
} as const;

const well: DoctorFacts = {
  version: "0.1.0",
  engine: {
    kind: "works",
    build: "11669",
    rpcProtocol: "8.0.0",
    devices: [GPU],
    leftOut: [],
    advice: { backend: "cuda", found: null, remedy: null },
  },
  quicProblem: null,
  ports: [{ flag: "--port", port: 9337, protocol: "TCP", use: "this node" }],
  dataDir: { path: "/d", unusable: null, freeBytes: 80e9, newestMs: 1_000 },
  brokenModels: [],
  models: 2,
  nowMs: 10_000,
  update: { look: { version: "0.1.0", atMs: 1_700_000_000_000 } },
  node,
};

Deno.test("findingsOf() tells the last look for a release, and looks for none", () => {
  const told = (update: DoctorFacts["update"]) =>
    findingsOf({ ...well, update }).filter(({ check }) => check === "update");
  const look = (version: string) => ({ look: { version, atMs: 1_700_000_000_000 } });
  assert.deepEqual(told(null), []);
  assert.match(told({ look: null })[0]!.found, /mesh-llm update --check/);
  assert.deepEqual(told(look("0.1.0")).map(({ level, found }) => [level, found]), [
    ["ok", "There was no newer mesh-llm on 2023-11-14"],
  ]);
  assert.deepEqual(told(look("0.2.0")), [{
    check: "update",
    level: "warning",
    found: "mesh-llm 0.2.0 was there on 2023-11-14, and this is 0.1.0",
    remedy: "Run mesh-llm update",
  }]);
});

function unwell(changes: Partial<DoctorFacts>): readonly Finding[] {
  return findingsOf({ ...well, ...changes }).filter(({ level }) => level !== "ok");
}

Deno.test("findingsOf() finds nothing wrong where nothing is", () => {
  assert.deepEqual(unwell({}), []);
  assert.deepEqual(unwell({ node: null }), []);
});

Deno.test("findingsOf() says how each peer is reached, and what would make it better", () => {
  const reachedBy = (reached: Status["peers"][number]["reached"]) => {
    const [first] = status.peers;
    const peers = [{ ...first!, rttMs: 24, ...(reached === undefined ? {} : { reached }) }];
    const facts = { ...well, node: { ...node, status: { ...node.status, peers } } };
    const found = findingsOf(facts).find(({ check }) => check === "peers");
    return [found?.level, found?.found, found?.remedy];
  };
  assert.deepEqual(reachedBy({ kind: "direct" }), [
    "ok",
    "bob answers, direct, round trip 24 ms",
    null,
  ]);
  assert.deepEqual(
    reachedBy({ kind: "relayed", by: "12D3KooWRelayRelay", advice: "Forward UDP port 1" }),
    ["warning", "bob answers, relayed by …layRelay, round trip 24 ms", "Forward UDP port 1"],
  );
});

Deno.test("findingsOf() has each device with its memory, and why others are not used", () => {
  const reason = "it is the same card as CUDA0";
  const leftOut = [{ name: "Vulkan0", description: "RTX", reason, isFull: false }];
  const { engine } = well;
  assert(engine.kind === "works");
  const found = findingsOf({ ...well, engine: { ...engine, leftOut } })
    .filter(({ check }) => check === "devices").map(({ found }) => found);
  assert.deepEqual(found, [
    "CUDA0 (GPU): 24.0 GB, 20.0 GB offered, 5.0 GB used",
    "Vulkan0 (RTX) is not used: it is the same card as CUDA0",
  ]);
});

const faults: [name: string, changes: Partial<DoctorFacts>, found: RegExp, remedy: RegExp][] = [
  [
    "llama.cpp is missing",
    { engine: { kind: "fails", sentence: "Could not find it on PATH. Install it" } },
    /^Could not find it on PATH$/,
    /^Install it$/,
  ],
  [
    "that llama.cpp fails for a reason without a remedy",
    { engine: { kind: "fails", sentence: "Too many open files" } },
    /^Too many open files$/,
    /^Run mesh-llm engine install$/,
  ],
  [
    "that QUIC fails for a reason without a remedy",
    { quicProblem: "Permission denied (os error 13): mkdir '/d/cache'" },
    /^Permission denied \(os error 13\): mkdir '\/d\/cache'$/,
    /^Name a --data-dir that you may write to$/,
  ],
  [
    "a GPU that llama.cpp does not use",
    {
      engine: {
        kind: "works",
        build: "1",
        rpcProtocol: "8.0.0",
        devices: [],
        leftOut: [],
        advice: {
          backend: "cpu",
          found: "There is a GPU (AMD), and this llama.cpp does not use it",
          remedy: "Run mesh-llm engine install, and start the node again",
        },
      },
    },
    /There is a GPU \(AMD\)/,
    /engine install/,
  ],
  [
    "a system that QUIC's addon is too new for",
    {
      quicProblem: "This system is too old for mesh-llm, whose QUIC addon needs GLIBC 2.34. " +
        "Use Debian 12 or newer",
    },
    /^This system is too old for mesh-llm, whose QUIC addon needs GLIBC 2\.34$/,
    /^Use Debian 12 or newer$/,
  ],
  [
    "a data directory that others may replace",
    {
      dataDir: {
        ...well.dataDir,
        warning: "Others may put another folder in the place of /d, since they may write to /: " +
          "name one elsewhere with --data-dir",
      },
    },
    /^Others may put another folder .* they may write to \/$/,
    /^Name one elsewhere with --data-dir$/,
  ],
  [
    "a port that another program has",
    { ports: [{ flag: "--port", port: 9337, protocol: "TCP", use: "another program" }] },
    /TCP port 9337 is used by another program/,
    /--port/,
  ],
  [
    "a data directory that can't be written",
    { dataDir: { path: "/d", unusable: "Read-only file system", freeBytes: null, newestMs: null } },
    /Nothing can be written to \/d: Read-only/,
    /--data-dir/,
  ],
  [
    "a disk that is nearly full",
    { dataDir: { ...well.dataDir, freeBytes: 1e9 } },
    /1\.0 GB are free/,
    /Free some space/,
  ],
  ["a broken model", { brokenModels: ["/m/x.gguf is cut off"] }, /cut off/, /download it again/],
  [
    "a clock that is behind",
    { dataDir: { ...well.dataDir, newestMs: 3_600_000 } },
    /clock is behind/,
    /Set the clock/,
  ],
  [
    "a peer whose clock is ahead",
    { node: { ...node, peers: [{ ...peer, startedMs: 3_600_000 }] } },
    /bob started in the future/,
    /Set the clock/,
  ],
  [
    "a node that nobody can reach",
    {
      node: {
        ...node,
        status: { ...status, node: { ...lan, addresses: ["/ip4/127.0.0.1/udp/1"] } },
      },
    },
    /no address that another machine could reach/,
    /network/,
  ],
  [
    "a peer that does not answer",
    { node: { ...node, peers: [{ ...peer, unreachable: "no answer" }] } },
    /bob does not answer: no answer/,
    /UDP passes to \/ip4\/10\.0\.0\.7\/udp\/4001/,
  ],
  [
    "a peer with another RPC protocol",
    { node: { ...node, peers: [{ ...peer, rpcProtocol: "3.7.0" }] } },
    /bob speaks 3\.7\.0, this machine 8\.0\.0/,
    /engine install --like \S+ on bob, and start it again$/,
  ],
  [
    "another version on a peer",
    { node: { ...node, peers: [{ ...peer, version: "0.2.0" }] } },
    /0\.1\.0 here, 0\.2\.0 on bob/,
    /^Run mesh-llm update on this machine/,
  ],
];

const OF_NODE = [
  ["waiting", "problem", "memory"],
  ["failed", "problem", "models"],
  ["alias", "warning", "models"],
  ["context", "warning", "models"],
] as const;

for (const [about, level, check] of OF_NODE) {
  Deno.test(`findingsOf() has what the running node finds about ${about}, as grave as it says`, () => {
    const finding = { about, level, found: "Found", remedy: "Remedy" };
    const told = { ...node, status: { ...node.status, findings: [finding] } };
    assert.deepEqual(unwell({ node: told }), [{ check, level, found: "Found", remedy: "Remedy" }]);
  });
}

for (const [name, changes, found, remedy] of faults) {
  Deno.test(`findingsOf() finds ${name}, and only that`, () => {
    const [finding, ...others] = unwell(changes);
    assert.ok(finding);
    assert.deepEqual(others, []);
    assert.match(finding.found, found);
    assert.match(finding.remedy ?? "", remedy);
  });
}

Deno.test("doctorText() puts what is wrong last, with its remedy, within 80 columns", () => {
  const text = doctorText(findingsOf({
    ...well,
    engine: {
      kind: "fails",
      sentence: `Could not find llama-server in ${"/a/long/path/".repeat(8)}. Install it`,
    },
    node: null,
  }));
  assert.match(text, /\nok {7}ports: TCP port 9337 is used by this node\n/);
  assert.match(text, /\n\nproblem {2}llama\.cpp: Could not find .*\n( {9}.*\n)+ {9}Install it\n/);
  assert.match(text, /\n\n1 problem, 0 warnings\n$/);
});

interface Report {
  readonly code: number;
  readonly problems: readonly Finding[];
}

async function doctor(args: readonly string[], program: Program = {}): Promise<Report> {
  const { code, stdout, stderr } = await runProgram(["doctor", "--json", ...args], program);
  assert.equal(stderr, "");
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, problems: findings.filter(({ level }) => level === "problem") };
}

Deno.test("main doctor finds what is planted on this machine, and exits 1", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const [bin, data, file] = ["bin", "data", "file"].map((name) => join(folder, name));
    assert.ok(bin && data && file);
    await Deno.mkdir(bin);
    for (const name of ["llama-server", "rpc-server"]) {
      await Deno.writeTextFile(join(bin, name), "#!/bin/sh\nexit 9\n", { mode: 0o755 });
    }
    await Deno.mkdir(join(data, "models"), { recursive: true });
    await Deno.writeTextFile(join(data, "models", "cut.gguf"), "GGUF");
    await Deno.writeTextFile(join(data, "identity.json"), "{}");
    await Deno.utime(join(data, "identity.json"), new Date(), new Date(Date.now() + 3_600_000));
    await Deno.writeTextFile(file, "in the way");

    const all = await doctor([
      ...["--data-dir", data, "--bin-dir", bin],
      ...["--port", String(taken.addr.port), "--console-port", "0"],
    ]);
    assert.equal(all.code, 1);
    const checks = all.problems.map(({ check }) => check);
    assert.deepEqual(checks, ["llama.cpp", "ports", "models", "clock"]);
    assert.match(all.problems[0]!.found, /ended with code 9/);
    assert.match(all.problems[2]!.found, /cut\.gguf/);

    const ports = ["--port", "0", "--console-port", "0"];
    const missing = await doctor(["--data-dir", join(file, "x"), "--bin-dir", folder, ...ports]);
    assert.deepEqual(missing.problems.map(({ check }) => check), ["llama.cpp", "data directory"]);
    assert.match(missing.problems[0]!.found, /holds no llama-server and no rpc-server/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("main doctor asks the running node about its peers", () => {
  const peers = [{ ...peer, unreachable: "no answer from 10.0.0.7", version: "0.0.9" }];
  const answer = (path: string) =>
    Response.json(path === "/api/peers/check" ? peers : path === "/api/catalog" ? [] : status);
  return withManagementApi({ answer }, async ({ dataDir }) => {
    const { problems } = await doctor([
      "--data-dir",
      dataDir,
      "--port",
      "0",
      "--console-port",
      "0",
    ]);
    const found = problems.map((finding) => finding.found).join("\n");
    assert.match(found, /bob does not answer: no answer from 10\.0\.0\.7/);
  });
});

Deno.test("findingsOf() says who is on the local network, and what may stand in the way", () => {
  const seen = { state: "announced", problem: null, mesh: null, meshes: [], peers: [] } as const;
  const found = (system: string, changes: Partial<LanStatus> = {}) => {
    const lanStatus: LanStatus = { ...seen, meshes: [], peers: [], ...changes };
    const status = { ...node.status, node: { ...lan, system }, lan: lanStatus };
    const [one] = findingsOf({ ...well, node: { ...node, status } })
      .filter(({ check }) => check === "local network");
    return one;
  };
  const office = { name: "office", shortId: "0a1b2c3d", machines: 1, addresses: ["10.0.0.9:1"] };
  const peers = [{ id: peer.id, addresses: [] }];
  assert.equal(found("linux x64")?.level, "ok");
  assert.equal(found("linux x64", { state: "off" }), undefined);
  assert.equal(
    found("darwin arm64", { meshes: [office], peers })?.found,
    "Found there: 1 machine of this mesh, office's mesh",
  );
  assert.equal(found("linux x64")?.found, "Nobody else was found there");
  assert.match(found("darwin arm64")?.found ?? "", /; macOS has to allow this program the local/);
  const problem = "another program keeps UDP port 5353";
  assert.deepEqual(found("linux x64", { problem }), {
    check: "local network",
    level: "warning",
    found: problem,
    remedy:
      "Programs share UDP port 5353 unless one opens it for itself: end that one, or let the port through the firewall; --no-lan does without",
  });
});

Deno.test("what the router does with the mesh's port is told, and nothing of one that was not asked", () => {
  const found = (portMapping: Partial<PortMappingStatus>) => {
    const mapping: PortMappingStatus = {
      ...{ state: "none", by: null, address: null, problem: null },
      ...portMapping,
    };
    const own = { ...node.status.node, addresses: ["/ip4/192.168.1.10/udp/47001/quic-v1/p2p/x"] };
    const status = { ...node.status, node: own, portMapping: mapping };
    return findingsOf({ ...well, node: { ...node, status } })
      .filter(({ check }) => check === "router").map(({ level, found }) => `${level}: ${found}`);
  };
  const address = "45.76.1.1:47001";
  assert.deepEqual(found({ state: "off" }), []);
  assert.deepEqual(found({ state: "mapped", by: "UPnP", address }), [
    "ok: It leads UDP 45.76.1.1:47001 to this machine, asked by UPnP",
  ]);
  assert.match(
    found({ state: "hidden", by: "UPnP", address: "10.0.0.2:1" })[0] ?? "",
    /10\.0\.0\.2:1/,
  );
  assert.match(
    found({})[0] ?? "",
    /^ok: It opens no port for programs\. .*UDP port 47001 is forwarded to it$/,
  );
  assert.match(found({ problem: "The router refuses" })[0] ?? "", /^ok: The router refuses\. /);
});
