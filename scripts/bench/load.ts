/**
 * `deno task bench load [--clients 1000,5000] [--idle 2500,5000,10000] [--at-once 250] [--seconds 60]
 * [--processes 4] [--write]`: what passive nodes cost the active one that they use. Real nodes with the
 * guide, each on a core of its own with its llama-server; the clients are whole clients but for their HTTP
 * port. An empty list leaves its part out. All of it takes half an hour on two idle cores.
 */

import { parseArgs } from "node:util";
import { testBinDir } from "../../tests/support/engine.ts";
import { say } from "../run.ts";
import { type Figure, figureTable, machine } from "./figures.ts";
import { connectedFigures } from "./load/connected.ts";
import { idleFigures } from "./load/idle.ts";
import { writeSection } from "./page.ts";

const TITLE = "Passive nodes (`deno task bench load`)";

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clients: { type: "string", default: "1000,5000" },
      idle: { type: "string", default: "2500,5000,10000" },
      "at-once": { type: "string", default: "250" },
      seconds: { type: "string", default: "60" },
      processes: { type: "string", default: "4" },
      write: { type: "boolean", default: false },
    },
  });
  const common = { processes: Number(values.processes), binDir: await testBinDir() };
  const figures: Figure[] = [];
  const add = (some: readonly Figure[]) => {
    figures.push(...some);
    say(figureTable(some));
  };
  const seconds = Number(values.seconds);
  for (const clients of numbers(values.clients)) {
    add(await connectedFigures({ ...common, clients, seconds }));
  }
  const passing = numbers(values.idle);
  if (passing.length > 0) {
    add(await idleFigures({ ...common, passing, atOnce: Number(values["at-once"]) }));
  }
  if (!values.write) return;
  const how = `The clients are whole clients but for their HTTP ports, in ${common.processes}\n` +
    "processes; a host and its llama-server share one core.";
  await writeSection(TITLE, `Measured on ${await machine()}. ${how}\n\n${figureTable(figures)}`);
}

function numbers(list: string): number[] {
  return list.split(",").filter((text) => text !== "").map(Number);
}
