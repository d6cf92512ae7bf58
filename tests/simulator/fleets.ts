/** Many models in one mesh: nodes whose users named none serve what is wanted, through churn and demand. */

import type { ClaimReason } from "../../src/mesh/mod.ts";
import { modelNameOf, planKey } from "../../src/node/plan/plan.ts";
import { nobodyAliveIsDead, sameView } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Fault, Invariant, NodeSetup, Scenario, SimModel } from "./scenario.ts";
import type { SimNode } from "./sim_node.ts";
import { sizeNeeded } from "./sim_serving.ts";
import type { World } from "./world.ts";

const GB = 1e9;

/** While nodes come and go and are asked. */
export const CHURN = { fromMs: 5_000, toMs: 60_000 } as const;

/** With the views' 10 s these are the 30 s after the last change. */
const PLAN_MS = 20_000;

export function churn(random: Random, size: number): Fault[] {
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
export function rush(random: Random, models: readonly SimModel[]): Fault[] {
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

/** Every wanted model that one node has room for, beside what it does and without its replicas, is served. */
export const wantedIsServed: Invariant = {
  name: "every wanted model that fits somewhere is served",
  when: "plan",
  check: ({ living, setup: { catalog = [] } }) => {
    const wanted = new Set(living.flatMap((node) => node.member.view.own?.wanted ?? []));
    for (const name of wanted) {
      if (serversOf(living, name).length > 0) continue;
      const node = living.find((one) => hasRoom(one, name, catalog));
      if (node !== undefined) {
        return `${name} is not served, and ${node.name} has room: ${tell(living)}`;
      }
    }
    return undefined;
  },
};

/** A model that a user named for a machine is there if it fits, alone or in a split, whatever else is wanted. */
export const toldIsServed: Invariant = {
  name: "a user's model is served on the user's machine",
  when: "plan",
  check: ({ living }) => {
    const node = living.find(({ setup: { told, memoryBytes }, serving }) =>
      told !== null && sizeNeeded(told) <= memoryBytes &&
      !serving?.jobs.some(({ instance, plan }) =>
        (instance?.model.name === told.name && instance.state === "warm") ||
        (plan.kind === "worker" && plan.model.name === told.name)
      )
    );
    return node && `${node.name} does not serve ${node.setup.told?.name}: ${tell(living)}`;
  },
};

interface Doing {
  readonly key: string;
  /** Names of what it took because it was hot. */
  readonly hot: readonly string[];
}

const plansBefore = new WeakMap<World, Map<SimNode, Doing>>();

export const remembered: Invariant = {
  name: "plans are remembered",
  when: "plan",
  check: (world) => {
    const doing = (node: SimNode) => ({ key: keyOf(node), hot: claimedBy(node, "hot") });
    plansBefore.set(world, new Map(world.living.map((node) => [node, doing(node)])));
    return undefined;
  },
};

/** Nothing has changed, so nobody has a reason to move; who cooled down has served its five minutes. */
export const nothingFlaps: Invariant = {
  name: "no move without a reason",
  when: "rest",
  check: (world) => {
    const moved = [...plansBefore.get(world) ?? []].find(([node, before]) =>
      !isPartOf(keyOf(node), before.key) && !hasCooled(node, before)
    );
    return moved && `${moved[0].name} did ${moved[1].key} and does ${keyOf(moved[0])}`;
  },
};

export const fleets: Scenario = {
  name: "fleets",
  planMs: PLAN_MS,
  invariants: [
    sameView,
    nobodyAliveIsDead,
    wantedIsServed,
    toldIsServed,
    remembered,
    nothingFlaps,
  ],
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
        alsoTold: told === null ? [] : held.filter((one) => one !== told),
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

export function serversOf(living: readonly SimNode[], name: string): SimNode[] {
  return living.filter(({ serving }) =>
    serving?.jobs.some(({ instance }) => instance?.model.name === name && instance.state === "warm")
  );
}

/** A node whose user named models for it downloads nothing for others. */
function hasRoom(node: SimNode, name: string, catalog: readonly SimModel[]): boolean {
  const { memoryBytes, roomBytes = 0, told } = node.setup;
  const file = node.disk.find((one) => one.name === name) ??
    (told === null
      ? catalog.find((one) => one.name === name && one.sizeBytes <= roomBytes)
      : undefined);
  const heldBytes = node.serving?.jobs.reduce((sum, { usedBytes }) => sum + usedBytes, 0) ?? 0;
  return file !== undefined && sizeNeeded(file) <= memoryBytes - heldBytes;
}

function keyOf({ serving }: SimNode): string {
  return JSON.stringify(serving?.jobs.map(({ plan }) => planKey(plan)).sort() ?? []);
}

/** A node that only gives something up moves nothing. */
function isPartOf(now: string, before: string): boolean {
  const known = new Set(JSON.parse(before) as string[]);
  return (JSON.parse(now) as string[]).every((key) => known.has(key));
}

/** A node that is free again, for what it took is hot no longer, serves one more replica as any free one does. */
function hasCooled(node: SimNode, { key, hot }: Doing): boolean {
  const plans = node.serving?.jobs.map(({ plan }) => plan) ?? [];
  const known = new Set(JSON.parse(key) as string[]);
  const spare = claimedBy(node, "spare");
  return hot.some((name) => !plans.some((plan) => modelNameOf(plan) === name)) &&
    plans.every((plan) => known.has(planKey(plan)) || spare.includes(modelNameOf(plan) ?? ""));
}

function claimedBy({ member }: SimNode, reason: ClaimReason): string[] {
  const claims = member.view.own?.claims ?? [];
  return claims.filter((claim) => claim.reason === reason).map(({ model }) => model);
}

export function tell(living: readonly SimNode[]): string {
  return living.map((node) => `${node.name} ${keyOf(node)}`).join("; ");
}
