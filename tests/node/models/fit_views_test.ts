/** The same mesh as a member, a client and a command see it: all of them say the same of a model. */

import { AUTO_SHAPE } from "../../../src/models/mod.ts";
import assert from "node:assert/strict";
import type { Announcement, RouteNode, RoutingTable } from "../../../src/mesh/mod.ts";
import { buildRoutingTable } from "../../../src/mesh/routes/routing_table.ts";
import { fitViewOf, type KnownMesh } from "../../../src/node/models/mesh_fit_view.ts";
import type { FitView } from "../../../src/node/plan/fit_mesh.ts";
import { fitJudge } from "../../../src/node/plan/fit_now.ts";
import { fitOf } from "../../../src/node/plan/fit_words.ts";
import { BIG, instance, member, type MemberOptions, peer, SMALL } from "../members.ts";

const NEED = { sizeBytes: 90, source: "none" } as const;

function announced(name: string, memoryBytes: number, options: MemberOptions): Announcement {
  return {
    ...member(name, memoryBytes, options),
    role: "standby",
    addresses: [],
    aliases: [],
    incarnation: 1,
    seq: 1,
  };
}

/** One of them asks, and knows of itself what it would announce. */
const DESK = announced("desk", 60, {
  holds: [BIG],
  targets: [BIG],
  instances: [instance(BIG, "waiting")],
});
const TOWER = announced("tower", 60, {
  targets: [SMALL],
  instances: [instance(SMALL, "warm")],
});

function known(self: string, changes: Partial<KnownMesh>): KnownMesh {
  return {
    self: peer(self),
    own: null,
    members: [],
    routes: buildRoutingTable([DESK, TOWER]),
    rttMs: () => 1,
    shapeOf: () => AUTO_SHAPE,
    ...changes,
  };
}

function said(view: FitView): string {
  return fitOf(fitJudge(view)({ ...BIG, ...NEED }, AUTO_SHAPE), view).reason;
}

const WORDS = /^Would fit 2 machines together if tower stopped small, which its user pinned: needs/;

Deno.test("a member says it of its own file, and of others' announcements", () => {
  const models = [{ ...BIG, sizeBytes: 90, header: null, projector: null }] as never;
  const own = {
    memory: { memoryBytes: 60, devices: [] },
    rpcProtocol: "8.0.0",
    models,
    downloadBytes: 0,
    idleSinceMs: () => 0,
  };
  assert.match(said(fitViewOf(known("desk", { own, members: [TOWER] }))), WORDS);
});

Deno.test("a client says it by the routing table, and by what the instance that waits is said to need", () => {
  assert.match(said(fitViewOf(known("client", {}))), WORDS);
});

Deno.test("a model that the mesh has given to a node is not its user's", () => {
  const claims = [{ model: "small", reason: "unserved" as const }];
  const given = announced("tower", 60, { ...TOWER, assignable: true, claims } as MemberOptions);
  const without: Partial<KnownMesh>[] = [
    { routes: buildRoutingTable([DESK, given]) },
    { members: [DESK, given], routes: { ...buildRoutingTable([]) } },
  ];
  for (const changes of without) {
    assert.match(said(fitViewOf(known("client", changes))), /if tower stopped small: needs/);
  }
});

Deno.test("a node whose user has dropped the model takes no part, whoever says so", () => {
  const dropped = announced("tower", 60, { dropped: ["big"], refuses: ["big"] } as MemberOptions);
  const table: RoutingTable = buildRoutingTable([DESK, dropped]);
  const names = (nodes: readonly RouteNode[]) => nodes.map(({ machine: { name } }) => name);
  assert.deepEqual(names(table.nodes), ["desk", "tower"]);
  assert.match(said(fitViewOf(known("client", { routes: table }))), /^Does not fit: /);
});
