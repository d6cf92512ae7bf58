/**
 * `deno task bench load [--clients 1000,5000] [--idle 2500,5000,10000] [--at-once 250] [--seconds 60]
 * [--processes 4] [--write]`: what passive nodes cost the active one that they use. Real nodes with the
 * guide, each on a core of its own with its llama-server; the clients are whole clients but for their HTTP
 * port. An empty list leaves its part out.
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
  for (const clients of numbers(values.clients)) {
    figures.push(
      ...await connectedFigures({ ...common, clients, seconds: Number(values.seconds) }),
    );
  }
  const passing = numbers(values.idle);
  if (passing.length > 0) {
    figures.push(...await idleFigures({ ...common, passing, atOnce: Number(values["at-once"]) }));
  }
  const body =
    `Measured on ${await machine()}. The clients are whole clients but for their HTTP ports, in
${values.processes} processes; a host and its llama-server share one core.\n\n${
      figureTable(figures)
    }`;
  say(body);
  if (values.write) await writeSection(TITLE, body);
}

function numbers(list: string): number[] {
  return list.split(",").filter((text) => text !== "").map(Number);
}
