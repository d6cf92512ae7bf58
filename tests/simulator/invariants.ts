/** The invariants that hold some time after the last fault. */

import { saysTheSame } from "../../src/mesh/gossip/membership.ts";
import type { Announcement } from "../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import type { Job } from "../../src/node/serving/job.ts";
import { sameModel } from "../../src/node/plan/view.ts";
import type { Invariant } from "./scenario.ts";
import type { SimNode } from "./sim_node.ts";
import type { World } from "./world.ts";

/**
 * Every live node has the same view: the same members, who say the same. Round trips are measured on
 * and on, and the news of them are always on their way.
 */
export const sameView: Invariant = {
  name: "every live node has the same view",
  when: "view",
  check: ({ living }) => {
    const [first, ...others] = living;
    if (first === undefined) return undefined;
    const expected = entries(first);
    for (const node of others) {
      const different = differences(expected, entries(node));
      if (different.length > 0) return `${node.name} and ${first.name} differ:\n${different}`;
    }
    return undefined;
  },
};

export const nobodyAliveIsDead: Invariant = {
  name: "nobody alive is marked dead, and nobody dead alive",
  when: "view",
  check: ({ living, nodes }) => {
    for (const node of living) {
      const known = new Set([node.peer, ...node.member.view.members.map(({ peer }) => peer)]);
      const wrong = nodes.find((other) => known.has(other.peer) !== other.running);
      if (wrong !== undefined) {
        return `${node.name} takes ${wrong.name} for ${wrong.running ? "dead" : "alive"}`;
      }
    }
    return undefined;
  },
};

/** The members of each split agree on its host and term, and there is one split a model. */
export const onePlanPerModel: Invariant = {
  name: "each model has one plan",
  when: "plan",
  check: ({ living }) => {
    const hosts = new Map<string, SimNode>();
    for (const { node, job: { plan } } of jobsOf(living)) {
      if (plan.kind !== "host") continue;
      const other = hosts.get(plan.model.fingerprint);
      if (other !== undefined) return `${node.name} and ${other.name} both host ${plan.model.name}`;
      hosts.set(plan.model.fingerprint, node);
    }
    for (const { node, job: { plan } } of jobsOf(living)) {
      if (plan.kind !== "worker" && plan.kind !== "follow") continue;
      const host = hosts.get(plan.model.fingerprint);
      if (host?.peer !== plan.host && !isWaitingHost(living, plan)) {
        return `${node.name} is ${plan.kind} of a host that ${host?.name ?? "nobody"} is`;
      }
    }
    return undefined;
  },
};

/** The host of a split serves it: all of its workers obey this term, and nobody else uses them for that model. */
export const splitsServe: Invariant = {
  name: "every split serves, and its workers obey one host",
  when: "plan",
  check: ({ living, peers, tunnels }) => {
    for (const { node, job: { plan, instance, failure } } of jobsOf(living)) {
      if (plan.kind !== "host") continue;
      if (instance?.state !== "warm") return `${node.name} hosts and does not serve: ${failure}`;
      for (const { peer } of plan.workers) {
        const worker = peers.get(peer);
        const users = worker === undefined ? [] : tunnels.usersOf(worker, plan.model);
        const [user] = users;
        if (users.length !== 1 || user?.host !== node || user.term !== instance.term) {
          return `${worker?.name} is used by ${users.map(({ host }) => host.name).join(" and ")}`;
        }
      }
    }
    return undefined;
  },
};

export const EVERYTHING: readonly Invariant[] = [
  sameView,
  nobodyAliveIsDead,
  onePlanPerModel,
  splitsServe,
];

function jobsOf(living: World["living"]): { readonly node: SimNode; readonly job: Job }[] {
  return living.flatMap((node) => node.serving?.jobs.map((job) => ({ node, job })) ?? []);
}

function isWaitingHost(
  living: World["living"],
  { host, model }: Extract<Job["plan"], { kind: "worker" | "follow" }>,
): boolean {
  return jobsOf(living).some(({ node, job: { plan } }) =>
    node.peer === host && (plan.kind === "waiting" || plan.kind === "solo") &&
    sameModel(plan.model, model)
  );
}

function entries(node: SimNode): Map<PeerId, Announcement> {
  const { own, members } = node.member.view;
  const all = own === undefined ? members : [...members, own];
  return new Map(all.map((announcement) => [announcement.peer, announcement]));
}

type Entries = ReadonlyMap<PeerId, Announcement>;

function differences(left: Entries, right: Entries): string {
  const peers = [...new Set([...left.keys(), ...right.keys()])];
  const version = (one: Announcement | undefined) => one && `${one.incarnation}.${one.seq}`;
  return peers.filter((peer) => !isSame(left.get(peer), right.get(peer))).slice(0, 5)
    .map((peer) => `  ${peer}: ${version(left.get(peer))} and ${version(right.get(peer))}`)
    .join("\n");
}

function isSame(a: Announcement | undefined, b: Announcement | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && saysTheSame(a, b));
}
