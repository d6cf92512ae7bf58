/** Nodes of an earlier version say less, and read less. MESH_LLM_FUZZ_RUNS: runs of the property. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { announcementSchema, announcementToWire } from "../../src/mesh/gossip/announcement_wire.ts";
import type { Announcement, Instance, ModelRef, PeerId, RoutingTable } from "../../src/mesh/mod.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import { tableSchema, tableToWire } from "../../src/mesh/routes/table_wire.ts";
import { fitAnnouncement } from "../../src/mesh/gossip/fit_announcement.ts";
import { anyAnnouncement } from "./any_announcement.ts";
import { content, machine } from "./content.ts";
import { decodeCbor } from "../../src/mesh/base/cbor.ts";
import { SigningKey } from "../../src/mesh/base/keys.ts";
import { extendChain, type Grant } from "../../src/mesh/trust/capability.ts";
import { earlierAnnouncement, earlierCertificate, earlierTable } from "./earlier_version.ts";

const PEER = "12D3KooWEd9Szdb5cwDDPu1QXWooX3Dopk8GgC8wz1FXLHLd2TGH" as PeerId;
const ENGINE = { build: "11669", rpcProtocol: "8.0.0", origin: null };
const MODEL = { name: "sick", fingerprint: "f".repeat(64) };

function announcement(changes: Partial<Announcement> = {}): Announcement {
  return {
    ...content(),
    peer: PEER,
    incarnation: 1,
    seq: 1,
    addresses: [],
    rttsMs: {},
    ...changes,
  };
}

function toldNodes(table: RoutingTable): readonly object[] {
  return (tableToWire(table) as { readonly nodes: readonly object[] }).nodes;
}

/** As a node of an earlier version says it. */
function without(value: object, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

Deno.test("an announcement of an earlier version says nothing of failures and drops", () => {
  const told = without(announcementToWire(announcement()), "failures", "dropped", "engine");
  const parsed = announcementSchema.parse(told);
  assert.equal(parsed.machine.engine, null);
  assert.deepEqual([parsed.failures, parsed.dropped], [[], []]);
});

Deno.test("aliases are told beside what earlier versions read, and an odd one costs no other", () => {
  const alias = { alias: "default", model: MODEL };
  const told = announcementToWire(announcement({ aliases: [alias] }));
  assert.deepEqual(announcementSchema.parse(told).aliases, [alias]);
  const plain = announcementToWire(announcement());
  assert.ok(!("aliases" in plain));
  assert.deepEqual(announcementSchema.parse(plain).aliases, []);
  assert.deepEqual(earlierAnnouncement.parse(told), earlierAnnouncement.parse(plain));
  const odd = [{ alias: "a@b", model: MODEL }, 5, { alias: "x" }, { ...alias, later: 1 }];
  for (const [aliases, read] of [[odd, [alias]], ["default", []], [null, []]]) {
    assert.deepEqual(announcementSchema.parse({ ...told, aliases }).aliases, read);
  }
  const many = Array.from({ length: 65 }, (_, i) => ({ ...alias, alias: `a${i}` }));
  assert.equal(announcementSchema.parse({ ...told, aliases: many }).aliases.length, 64);
});

Deno.test("a routing table tells of aliases, and of none that is the name of a file", () => {
  const model = { ...MODEL, sizeBytes: 1, needBytes: 1 };
  const alias = { alias: "default", model: MODEL };
  const shadowed = { alias: "SICK", model: MODEL };
  const table = buildRoutingTable([announcement({ models: [model], aliases: [shadowed, alias] })]);
  assert.deepEqual(table.nodes.map(({ aliases }) => aliases), [[alias]]);
  assert.deepEqual(tableSchema.parse(tableToWire(table)), table);
  const [node] = toldNodes(buildRoutingTable([announcement()]));
  assert.ok(node !== undefined && !("aliases" in node));
});

Deno.test("memory that models hold is told beside what earlier versions read, and absent where there is none", () => {
  const held = { model: MODEL, devices: [{ name: "CUDA0", bytes: 7 }, { name: "CPU", bytes: 3 }] };
  const told = announcementToWire(announcement({ reservations: [held] }));
  assert.deepEqual(announcementSchema.parse(told).reservations, [held]);
  assert.deepEqual(
    earlierAnnouncement.parse(told),
    earlierAnnouncement.parse(announcementToWire(announcement())),
  );
  assert.ok(!("reservations" in announcementToWire(announcement())));
  const twice = { ...told, reservations: [held, { ...held, devices: [] }] };
  assert.deepEqual(announcementSchema.parse(twice).reservations, [held]);
  const many = Array.from(
    { length: 33 },
    (_, i) => ({ ...held, model: { ...MODEL, name: `m${i}` } }),
  );
  assert.equal(announcementSchema.safeParse({ ...told, reservations: many }).success, false);
  assert.equal(fitAnnouncement(announcement({ reservations: many })).reservations.length, 32);
});

Deno.test("a table of an earlier version says nothing of why, of failures, drops and what is held", () => {
  const reservations = [{ model: MODEL, devices: [{ name: "CPU", bytes: 7 }] }];
  const member = announcement({
    machine: machine({ engine: ENGINE }),
    targets: [MODEL],
    reservations,
  });
  const table = buildRoutingTable([member]);
  assert.deepEqual(tableSchema.parse(tableToWire(table)).nodes[0]?.reservations, reservations);
  const nodes = toldNodes(table).map((node) =>
    without(node, "why", "failures", "dropped", "holds", "engine", "reservations")
  );
  const [node] = tableSchema.parse({ ...without(table, "lost", "partial"), nodes }).nodes;
  assert.deepEqual([node?.failures, node?.dropped, node?.holds], [[], [], null]);
  assert.deepEqual(node?.reservations, []);
  assert.deepEqual(node?.targets, [{ model: "sick", why: null }]);
  assert.deepEqual(node?.machine.engine, { ...ENGINE, build: "unknown" });
});

Deno.test("a reason that a later version knows is none, and one with escapes is a plain line", () => {
  const failures = [{
    model: "sick",
    reason: "llama-server:\x1b[31m no\n\tway\u202e " + "x".repeat(9_999),
  }];
  const member = announcement({ targets: [MODEL], assignable: false, wanted: ["sick"], failures });
  const [reason] = announcementSchema.parse(announcementToWire(member)).failures.map((failure) =>
    failure.reason
  );
  assert.match(reason ?? "", /^llama-server:\[31m no way x+$/);
  assert.equal(reason?.length, 400);
  const table = buildRoutingTable([member]);
  assert.equal(table.nodes[0]?.targets[0]?.why, "told");
  const nodes = toldNodes(table).map((node) => ({ ...node, why: "whim" }));
  assert.equal(tableSchema.parse({ ...table, nodes }).nodes[0]?.targets[0]?.why, null);
});

Deno.test("a node of an earlier version reads the machine in what this one says", () => {
  const device = {
    name: "GPU",
    kind: "discrete" as const,
    totalBytes: 3,
    offeredBytes: 2,
    usedBytes: 1,
  };
  // It would take main memory beside a GPU for one more device of rpc-server.
  const cpu = { ...device, name: "CPU", kind: "cpu" as const };
  for (const engine of [ENGINE, null]) {
    const own = machine({ name: "new", version: "0.2.0", devices: [device, cpu], engine });
    const member = announcement({ machine: own });
    const read = earlierAnnouncement.parse(announcementToWire(member));
    assert.deepEqual([read.name, read.version], ["new", "0.2.0"]);
    const devices = [without(device, "kind")];
    assert.deepEqual([read.devices, read.engine], [devices, engine && without(engine, "origin")]);
    const [node] = earlierTable.parse(tableToWire(buildRoutingTable([member]))).nodes;
    assert.deepEqual([node?.name, node?.version, node?.devices], ["new", "0.2.0", devices]);
    assert.equal(node?.rpcProtocol, engine?.rpcProtocol);
    const told = announcementSchema.parse(announcementToWire(member));
    assert.deepEqual(told.machine.devices, [device, cpu]);
    const alone = announcement({ machine: machine({ devices: [cpu] }) });
    const { devices: only } = earlierAnnouncement.parse(announcementToWire(alone));
    assert.deepEqual(only, [without(cpu, "kind")]);
  }
});

const OTHER_MODEL = { name: "other", fingerprint: "e".repeat(64) };

function running(model: ModelRef): Instance {
  return {
    model,
    sizeBytes: 1,
    contextLength: 4_096,
    mode: "solo",
    state: "warm",
    term: 1,
    hostShare: 1,
    workers: [],
    needBytes: 1,
    haveBytes: 1,
  };
}

Deno.test("of what may be several an earlier version reads the first, and what it says is a list of one", () => {
  const one = announcement({
    targets: [MODEL],
    claims: [{ model: "sick", reason: "hot" }],
    instances: [running(MODEL)],
    obeys: [{ host: PEER, term: 3, ready: true }],
  });
  const several = announcement({
    targets: [MODEL, OTHER_MODEL],
    claims: [{ model: "sick", reason: "hot" }, { model: "other", reason: "spare" }],
    instances: [running(MODEL), running(OTHER_MODEL)],
    obeys: [{ host: PEER, term: 3, ready: true }, { host: PEER, term: 4, ready: false }],
  });
  const told = announcementToWire(several);
  assert.deepEqual(announcementSchema.parse(told), several);
  const earlier = earlierAnnouncement.parse(told);
  assert.deepEqual(earlier, earlierAnnouncement.parse(announcementToWire(one)));
  assert.deepEqual(announcementSchema.parse(earlier), one);
  const table = buildRoutingTable([several]);
  assert.deepEqual(tableSchema.parse(tableToWire(table)), table);
  const [node] = earlierTable.parse(tableToWire(table)).nodes;
  assert.deepEqual([node?.model, node?.why, node?.claim], ["sick", "hot", "sick"]);
  const [read] = tableSchema.parse({ ...earlierTable.parse(tableToWire(table)) }).nodes;
  assert.deepEqual([read?.targets, read?.claims], [[{ model: "sick", why: "hot" }], ["sick"]]);
});

Deno.test("an earlier version reads the ports of the first split and its worker's answer, and no others", () => {
  const tunnelPorts = { [PEER]: 50_052 };
  const told = announcementToWire(announcement({
    instances: [
      { ...running(MODEL), tunnelPorts },
      { ...running(OTHER_MODEL), tunnelPorts: { [PEER]: 50_053 } },
    ],
    obeys: [
      { host: PEER, term: 3, ready: true, model: MODEL },
      { host: PEER, term: 3, ready: false, model: OTHER_MODEL },
    ],
  }));
  const { obeys } = announcementSchema.parse(told);
  assert.deepEqual(obeys.map(({ model, ready }) => [model, ready]), [
    [MODEL, true],
    [OTHER_MODEL, false],
  ]);
  const earlier = earlierAnnouncement.parse(told);
  assert.deepEqual(earlier.tunnelPorts, tunnelPorts);
  assert.deepEqual(earlier.obeys, { host: PEER, term: 3, ready: true });
  const read = announcementSchema.parse(earlier);
  assert.deepEqual(read.instances, [{ ...running(MODEL), tunnelPorts }]);
  assert.deepEqual(read.obeys, [{ host: PEER, term: 3, ready: true }]);
  const [routed] = buildRoutingTable([read]).instances;
  assert.deepEqual(
    routed,
    { ...running(MODEL), host: read.peer },
    "ports are no client's business",
  );
});

Deno.test("an announcement as earlier versions read it never contradicts what this version reads", () => {
  fc.assert(
    fc.property(anyAnnouncement(PEER), (any) => {
      const said = fitAnnouncement(any);
      const told = announcementToWire(said);
      const [earlier, read] = [earlierAnnouncement.parse(told), announcementSchema.parse(told)];
      assert.deepEqual(read, said);
      const { targets, claims, instances, obeys } = read;
      const { shape } = earlierAnnouncement;
      assert.deepEqual(
        [earlier.target, earlier.claim, earlier.instance, earlier.obeys],
        [
          targets[0] ?? null,
          claims[0] ?? null,
          shape.instance.parse(instances[0] ?? null),
          shape.obeys.parse(obeys[0] ?? null),
        ],
      );
      assert.deepEqual(earlier.tunnelPorts, instances[0]?.tunnelPorts ?? {});
      const [node] = earlierTable.parse(tableToWire(buildRoutingTable([read]))).nodes;
      assert.deepEqual([node?.model, node?.claim], [
        targets[0]?.name ?? null,
        claims[0]?.model ?? null,
      ]);
    }),
    { numRuns: Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 30), endOnFailure: true },
  );
});

Deno.test("a liar that tells earlier versions of nothing, or of too much, tells this one no more", () => {
  const told = announcementToWire(announcement({ claims: [{ model: "sick", reason: "hot" }] }));
  const claims = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ model: `m${i}`, reason: "hot" }));
  assert.deepEqual(
    announcementSchema.parse({ ...told, claim: null, more: { claims: claims(2) } }).claims,
    [],
  );
  const twice = { ...told, more: { claims: [{ model: "sick", reason: "spare" }] } };
  assert.deepEqual(announcementSchema.parse(twice).claims, [{ model: "sick", reason: "hot" }]);
  assert.equal(
    announcementSchema.safeParse({ ...told, more: { claims: claims(32) } }).success,
    false,
  );
});

Deno.test("an earlier version counts on the GPUs of a machine alone", () => {
  const device = { totalBytes: 100, usedBytes: 0 };
  const gpu = { ...device, name: "CUDA0", kind: "discrete", offeredBytes: 15 } as const;
  const main = { ...device, name: "CPU", kind: "cpu", offeredBytes: 48 } as const;
  const both = announcement({ memoryBytes: 63, machine: machine({ devices: [gpu, main] }) });
  assert.deepEqual(announcementSchema.parse(announcementToWire(both)), both);
  const earlier = earlierAnnouncement.parse(announcementToWire(both));
  assert.deepEqual([earlier.memoryBytes, earlier.devices.map(({ name }) => name)], [15, ["CUDA0"]]);
  const alone = announcement({ memoryBytes: 48, machine: machine({ devices: [main] }) });
  const [read] = earlierTable.parse(tableToWire(buildRoutingTable([both, alone]))).nodes;
  assert.equal(read?.memoryBytes, 15);
  assert.equal(earlierAnnouncement.parse(announcementToWire(alone)).memoryBytes, 48);
});

Deno.test("a node of an earlier version refuses a relay by its certificate, and reads all others", () => {
  const key = SigningKey.generate();
  const read = (grant: Pick<Grant, "role" | "mayInvite">) => {
    const [certificate] = extendChain([], {
      meshKey: key.publicKey,
      signer: key,
      subject: key.publicKey,
      kind: "node",
      grant: { ...grant, name: "a", expiresAt: null },
    });
    assert.ok(certificate);
    return decodeCbor(certificate.body, earlierCertificate, "certificate");
  };
  assert.equal(read({ role: "member", mayInvite: true })[2], "member");
  assert.equal(read({ role: "client", mayInvite: false })[2], "client");
  assert.throws(() => read({ role: "relay", mayInvite: false }), /certificate/);
});
