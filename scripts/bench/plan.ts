/**
 * `deno task bench plan [--nodes 1000] [--models 50]`: how long one node thinks about what to do. Every
 * announcement of the mesh asks that question anew, so it has to be cheap in the largest mesh.
 */

import { parseArgs } from "node:util";
import { memberOf } from "../../tests/node/assignment/fleet.ts";
import { decide } from "../../src/node/plan/decide.ts";
import type { TargetOptions } from "../../src/node/plan/target.ts";
import type { Member, View } from "../../src/node/plan/view.ts";
import { say } from "../run.ts";
import { figureTable, machine, median, quantile } from "./figures.ts";

const WARM_UP = 20;
const RUNS = 100;
const AIM = "<= 5 ms";

const OPTIONS: TargetOptions = {
  pinned: [],
  catalog: [],
  mayCool: () => false,
  rested: new Set(),
};

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: "string", default: "1000" },
      models: { type: "string", default: "50" },
    },
  });
  const [nodes, models] = [Number(values.nodes), Number(values.models)];
  const meshes: [string, Member[]][] = [
    ["every model is served, 20 replicas each", mesh(nodes, models, () => true)],
    ["half of the models have lost all their instances", mesh(nodes, models, (m) => m % 2 === 0)],
    ["nothing is served yet", mesh(nodes, models, () => false)],
  ];
  say(`Election, assignment and plan for ${nodes} nodes and ${models} models. ${await machine()}`);
  const figures = meshes.map(([name, members]) => {
    const times = timesOf(members);
    const value = `${median(times).toFixed(2)} ms (p99 ${quantile(times, 0.99).toFixed(2)} ms)`;
    return { name, value, aim: AIM };
  });
  say(figureTable(figures));
}

/** Each node has five of the models on its disk; the first of them wants all. */
function mesh(nodes: number, models: number, served: (model: number) => boolean): Member[] {
  const name = (model: number) => `model-${model % models}`;
  return Array.from({ length: nodes }, (_, index) => {
    const disk = [0, 1, 2, 3, 4].map((step) => [name(index + step * 7), 10] as const);
    const member = memberOf({
      name: `12D3KooW${index.toString().padStart(8, "0")}`,
      memory: 20 + index % 60,
      disk: Object.fromEntries(disk),
      ...(served(index % models) ? { serves: name(index) } : {}),
    });
    const wanted = Array.from({ length: models }, (_, model) => name(model));
    return index === 0 ? { ...member, wanted } : member;
  });
}

/** Of nodes from all over the mesh, one after the other. */
function timesOf(members: readonly Member[]): number[] {
  const rttsMs = new Map(members.map(({ peer }, index) => [peer, 1 << (index % 5)]));
  const times: number[] = [];
  for (let run = 0; run < WARM_UP + RUNS; run++) {
    const self = members[(run * 37) % members.length] as Member;
    const view: View = { self, others: members.filter((one) => one !== self), rttsMs };
    const startedAt = performance.now();
    decide(view, OPTIONS);
    times.push(performance.now() - startedAt);
  }
  return times.slice(WARM_UP);
}
