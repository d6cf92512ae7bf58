/**
 * Faults by chance under load, on real processes: every answer is exact or a clear error, afterwards every node answers
 * for every model, and nothing is left behind. The seed makes the schedule, so that what has failed can be run again.
 */

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { HOLD_MS } from "../../src/api/base/defaults.ts";
import { cachedBallast } from "../support/ballast.ts";
import { temporaryFolder } from "../support/program.ts";
import { answersExactly, nodeTest, until, warm } from "./mesh_of_nodes.ts";
import { Asker } from "./soak/asker.ts";
import { Faults } from "./soak/faults.ts";
import { leftFiles, processesWith, usedPorts } from "./soak/leftovers.ts";
import { type Actor, describeFault, type Fault, scheduleOf } from "./soak/schedule.ts";
import { SmallDisk } from "./soak/small_disk.ts";
import { SoakNode } from "./soak/soak_node.ts";

const SEED = Number(Deno.env.get("MESH_LLM_SOAK_SEED") ?? 1);
const SECONDS = Number(Deno.env.get("MESH_LLM_SOAK_SECONDS") ?? 60);

interface Member extends Actor {
  readonly args?: readonly string[];
}

const ACTORS: readonly Member[] = [
  { name: "founder", serves: true, model: "x" },
  { name: "second", serves: true, model: "y" },
  { name: "third", serves: true, model: "x" },
  { name: "spare", serves: true, model: null },
  { name: "host", serves: true, model: "z", args: ["--split", "--max-vram", "2"] },
  { name: "worker", serves: true, model: "z", args: ["--split", "--max-vram", "1"] },
  { name: "client", serves: false, model: null },
];

/** The same answers from files of different sizes: at once, with more time for faults, and from a split. */
const MODELS = {
  x: cachedBallast({ layers: 1 }),
  y: cachedBallast({ layers: 3, sizeBytes: 5_000_000 }),
  z: cachedBallast({ layers: 2 }),
};
const NAMES = Object.keys(MODELS);

/** Longer than a gateway lets a request wait, and than any fault lasts. */
const HANGS_AFTER_MS = HOLD_MS + 30_000;

/** In the environment of every process of this soak. */
const MARK = "MESH_LLM_TEST_SOAK";

nodeTest(`a soak of ${SECONDS} s by seed ${SEED}`, async () => {
  await using folder = await temporaryFolder();
  const mark = crypto.randomUUID();
  const failures: string[] = [];
  let schedule: readonly Fault[] = [];
  let nodes: readonly SoakNode[] = [];
  const counts: Record<string, number> = {};
  try {
    await using stack = new AsyncDisposableStack();
    nodes = await startAll(folder.path, mark, stack);
    const fillsDisks = nodes.every(({ disk }) => disk !== null);
    const options = { seed: SEED, lengthMs: SECONDS * 1_000, actors: ACTORS, models: NAMES };
    schedule = scheduleOf({ ...options, fillsDisks });
    const faults = new Faults(nodes);
    const startedMs = performance.now();
    const asking = { models: NAMES, faults, startedMs, limitMs: HANGS_AFTER_MS };
    const askers = [...nodes, ...nodes].map((node, index) => new Asker({ ...asking, node }, index));
    await faults.run(schedule);
    await Promise.all(askers.map((asker) => asker.stop()));
    for (const asker of askers) {
      failures.push(...asker.failures);
      for (const [way, count] of Object.entries(asker.counts)) {
        counts[way] = (counts[way] ?? 0) + count;
      }
    }
    failures.push(...faults.failures);
    if (failures.length === 0) await everyEntryAnswers(nodes);
    await Promise.all(nodes.map((node) => node.stop()));
    for (const node of nodes) failures.push(...await leftOf(node));
    failures.push(...(await processesWith(MARK, mark)).map((one) => `still runs: ${one}`));
  } catch (error) {
    failures.push(`${error instanceof Error ? error.message : error}`);
  }
  assert.equal(failures.length, 0, report({ failures, schedule, nodes, counts }));
});

async function startAll(
  folder: string,
  mark: string,
  stack: AsyncDisposableStack,
): Promise<SoakNode[]> {
  const models = join(folder, "models");
  await Deno.mkdir(models);
  for (const [name, path] of Object.entries(MODELS)) {
    await copyFile(path, join(models, `${name}.gguf`));
  }
  const nodes: SoakNode[] = [];
  for (const actor of ACTORS) {
    const [founder] = nodes;
    const dataDir = join(folder, actor.name);
    await Deno.mkdir(dataDir);
    const node = stack.use(
      new SoakNode({
        actor,
        dataDir,
        disk: await SmallDisk.mount(dataDir),
        args: [
          ...(actor.serves ? ["--models-dir", models] : ["--client"]),
          ...actor.args ?? [],
          ...(actor.model === null ? [] : ["--model", actor.model]),
          ...(founder === undefined ? [] : ["--join", founder.process.token]),
        ],
        env: { [MARK]: mark },
      }),
    );
    await node.start();
    nodes.push(node);
  }
  for (const { process } of nodes) {
    await until(
      process,
      "in a warm mesh",
      (status) => NAMES.every((name) => warm(name)(status)) && status.peers.length >= 5,
    );
  }
  return nodes;
}

async function everyEntryAnswers(nodes: readonly SoakNode[]): Promise<void> {
  await Promise.all(nodes.map(async ({ process }) => {
    await until(process, "whole again", (status) => NAMES.every((name) => warm(name)(status)));
    for (const name of NAMES) await answersExactly(process, name);
  }));
}

async function leftOf({ actor: { name }, process, ports }: SoakNode): Promise<string[]> {
  const files = await leftFiles(process.dataDir);
  return [
    ...files.map((path) => `${name} has left ${path}`),
    ...usedPorts(ports).map((port) => `${name} has left port ${port} open`),
  ];
}

/** Everything that is needed to see what happened, and to see it again. */
function report({ failures, schedule, nodes, counts }: {
  readonly failures: readonly string[];
  readonly schedule: readonly Fault[];
  readonly nodes: readonly SoakNode[];
  readonly counts: Readonly<Record<string, number>>;
}): string {
  const logs = nodes.flatMap((node) => {
    const lines = [...node.past, ...node.process.lines.slice(-10)].slice(-30);
    return [`\n${node.actor.name}:`, ...lines.map((line) => JSON.stringify(line).slice(0, 300))];
  });
  return [
    `seed ${SEED}, ${SECONDS} s. Once more: MESH_LLM_SOAK_SEED=${SEED} ` +
    `MESH_LLM_SOAK_SECONDS=${SECONDS} deno task test tests/e2e/soak_test.ts`,
    `\nWhat went wrong:`,
    ...failures,
    `\nWhat was done:`,
    ...schedule.map(describeFault),
    `\nHow requests ended: ${JSON.stringify(counts)}`,
    ...logs,
  ].join("\n");
}
