/** Many models in one mesh: nodes whose users named none serve what is wanted, through churn and demand. */

import type { Plan } from "../../src/node/plan/plan.ts";
import { planKey } from "../../src/node/plan/plan.ts";
import { nobodyAliveIsDead, sameView } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Fault, Invariant, NodeSetup, Scenario, SimModel } from "./scenario.ts";
import type { SimNode } from "./sim_node.ts";
import { sizeNeeded } from "./sim_serving.ts";
import type { World } from "./world.ts";

const GB = 1e9;

/** While nodes come and go and are asked. */
const CHURN = { fromMs: 5_000, toMs: 60_000 } as const;

/** With the views' 10 s these are the 30 s after the last change. */
const PLAN_MS = 20_000;

function churn(random: Random, size: number): Fault[] {
  const index = 1 + random.int(size - 1);
  const downAtMs = random.between(CHURN.fromMs, CHURN.toMs);
  const isKilled = random.chance(0.5);
  const down: Fault = {
    atMs: downAtMs,
    name: `node ${index} ${isKilled ? "is killed" : "stops"}`,
    apply: ({ nodes }) => isKilled ? nodes[index]?.crash() : void nodes[index]?.stop(),
  };
  const up: Fault = {
    atMs: random.between(downAtMs + 1_000, CHURN.toMs + 20_000),
    name: `node ${index} starts again`,
    apply: ({ nodes }) => nodes[index]?.start(),
  };
  return random.chance(0.7) ? [down, up] : [down];
}

/** A model is asked for a lot, for a while. */
function rush(random: Random, models: readonly SimModel[]): Fault[] {
  const { name } = random.pick(models);
  const atMs = random.between(CHURN.fromMs, CHURN.toMs);
  return [
    {
      atMs,
      name: `${name} is asked for`,
      apply: ({ living }) => serversOf(living, name).forEach((node) => node.serving?.ask(name, 12)),
    },
    {
      atMs: atMs + random.between(10_000, 60_000),
      name: "all is answered",
      apply: ({ living }) => living.forEach((node) => node.serving?.answer()),
    },
  ];
}

/** Every wanted model that one free node, or one spare, could serve is served. */
const wantedIsServed: Invariant = {
  name: "every wanted model that fits somewhere is served",
  when: "plan",
  check: ({ living, setup: { catalog = [] } }) => {
    const wanted = new Set(living.flatMap((node) => node.member.view.own?.wanted ?? []));
    const open = [...wanted].filter((name) => serversOf(living, name).length === 0);
    const most = open.length === 0 ? 0 : largest([...wanted], living, catalog);
    const served = wanted.size - open.length;
    return served < most
      ? `${open.join()} of ${wanted.size} are not served, and ${most} could be: ${tell(living)}`
      : undefined;
  },
};

const plansBefore = new WeakMap<World, Map<SimNode, string>>();

const remembered: Invariant = {
  name: "plans are remembered",
  when: "plan",
  check: (world) => {
    plansBefore.set(world, new Map(world.living.map((node) => [node, keyOf(node)])));
    return undefined;
  },
};

/** Nothing has changed, so nobody has a reason to move; who cooled down has served its five minutes. */
const nothingFlaps: Invariant = {
  name: "no move without a reason",
  when: "rest",
  check: (world) => {
    const moved = [...plansBefore.get(world) ?? []].find(([node, key]) =>
      keyOf(node) !== key && node.serving?.job.plan.kind !== "standby"
    );
    return moved && `${moved[0].name} did ${moved[1]} and does ${keyOf(moved[0])}`;
  },
};

export const fleets: Scenario = {
  name: "fleets",
  planMs: PLAN_MS,
  invariants: [sameView, nobodyAliveIsDead, wantedIsServed, remembered, nothingFlaps],
  setup: (random, size) => {
    const models = Array.from({ length: 2 + random.int(4) }, (_, index): SimModel => ({
      name: `model-${index}`,
      fingerprint: `${index}`.padStart(64, "0"),
      sizeBytes: (2 + random.int(18)) * GB,
    }));
    const catalog = models.filter(() => random.chance(0.3));
    const nodes = Array.from({ length: size }, (_, index): NodeSetup => {
      const held = models.filter(() => random.chance(0.25));
      const told = index === 0 || random.chance(0.2) ? random.pick(models) : null;
      const others = models.filter(() => random.chance(index === 0 ? 0.8 : 0.2));
      return {
        memoryBytes: (4 + random.int(28)) * GB,
        models: [...new Set(told === null ? held : [told, ...held])],
        told,
        wanted: told === null ? [] : [...new Set([told, ...others].map(({ name }) => name))],
        roomBytes: random.chance(0.5) ? 100 * GB : 0,
        split: false,
        skewMs: random.between(-300_000, 300_000),
        startsAtMs: index === 0 ? 0 : random.between(100, 1_000),
        token: index === 0 ? [] : [random.int(index)],
      };
    });
    const faults = [
      ...Array.from({ length: 1 + random.int(3) }, () => churn(random, size)),
      ...Array.from({ length: random.int(2) }, () => rush(random, models)),
    ].flat();
    const quietAtMs = Math.max(CHURN.toMs, ...faults.map(({ atMs }) => atMs));
    return { nodes, faults, catalog, joinedAtMs: CHURN.fromMs, quietAtMs };
  },
};

function serversOf(living: readonly SimNode[], name: string): SimNode[] {
  return living.filter(({ serving }) => {
    const instance = serving?.job.instance ?? null;
    return instance?.model.name === name && instance.state === "warm";
  });
}

/** The most of the models that can be served at once, one a node, by trying everything that matters. */
function largest(
  names: readonly string[],
  living: readonly SimNode[],
  catalog: readonly SimModel[],
): number {
  const holder = new Map<SimNode, string>();
  // A node whose user decides serves that model, if it fits; a node in a split stays in it.
  const fixed = living.filter((node) => node.setup.told !== null || isInSplit(node));
  const free = living.filter((node) => !fixed.includes(node));
  const given = new Set(fixed.flatMap((node) => warmModel(node)));
  const place = (name: string, seen: Set<SimNode>): boolean =>
    free.filter((node) => !seen.has(node) && couldServe(node, name, catalog)).some((node) => {
      seen.add(node);
      const held = holder.get(node);
      if (held !== undefined && !place(held, seen)) return false;
      holder.set(node, name);
      return true;
    });
  return given.size + names.filter((name) => !given.has(name) && place(name, new Set())).length;
}

function warmModel({ serving }: SimNode): string[] {
  const instance = serving?.job.instance;
  return instance?.state === "warm" ? [instance.model.name] : [];
}

function isInSplit({ serving }: SimNode): boolean {
  const kind = serving?.job.plan.kind;
  return kind === "host" || kind === "worker";
}

function couldServe(node: SimNode, name: string, catalog: readonly SimModel[]): boolean {
  const { memoryBytes, roomBytes = 0 } = node.setup;
  const file = node.disk.find((one) => one.name === name) ??
    catalog.find((one) => one.name === name && one.sizeBytes <= roomBytes);
  return file !== undefined && sizeNeeded(file) <= memoryBytes;
}

function keyOf({ serving }: SimNode): string {
  return planKey(serving?.job.plan as Plan);
}

function tell(living: readonly SimNode[]): string {
  return living.map((node) => `${node.name} ${keyOf(node)}`).join("; ");
}
