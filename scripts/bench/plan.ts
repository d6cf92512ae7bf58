/**
 * `deno task bench plan [--nodes 1000] [--models 50] [--instances 4]`: how long one node thinks about what to do. Every
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
const AIM = "<= 10 ms";

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
      instances: { type: "string", default: "4" },
    },
  });
  const [nodes, models, instances] = [values.nodes, values.models, values.instances]
    .map(Number) as [number, number, number];
  const size = { nodes, models, instances };
  const meshes: [string, Member[]][] = [
    ["every model is served", mesh({ ...size, served: () => true })],
    ["half of the models have lost all their instances", mesh({ ...size, served: isEven })],
    ["... and nobody has room beside replicas", mesh({ ...size, served: isEven, room: 0 })],
    ["nothing is served yet", mesh({ ...size, served: () => false })],
  ];
  say(
    `Election, assignment and plan for ${nodes} nodes, ${models} models and ${instances} instances a node. ` +
      await machine(),
  );
  const figures = meshes.map(([name, members]) => {
    const times = timesOf(members);
    const value = `${median(times).toFixed(2)} ms (p99 ${quantile(times, 0.99).toFixed(2)} ms)`;
    return { name, value, aim: AIM };
  });
  say(figureTable(figures));
}

const MODEL = 10;

function isEven(model: number): boolean {
  return model % 2 === 0;
}

/** Each node has some of the models on its disk and serves so many of them; the first of them wants all. */
function mesh(
  { nodes, models, instances, served, room = 1 }: {
    readonly nodes: number;
    readonly models: number;
    readonly instances: number;
    readonly served: (model: number) => boolean;
    /** For so many models a node has memory beside those that it serves. */
    readonly room?: number;
  },
): Member[] {
  const name = (model: number) => `model-${model}`;
  return Array.from({ length: nodes }, (_, index) => {
    const disk = Array.from({ length: 2 * instances }, (_, step) => (index + step * 7) % models);
    const serves = disk.filter(served).slice(0, instances);
    const member = memberOf({
      name: `12D3KooW${index.toString().padStart(8, "0")}`,
      memory: MODEL * (serves.length + room) + index % MODEL,
      disk: Object.fromEntries(disk.map((model) => [name(model), MODEL])),
      serves: serves.map(name),
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
