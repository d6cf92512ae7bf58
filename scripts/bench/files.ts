/**
 * `deno task bench files [--rounds N] [--layers N]`: a file that one member brings from another, by the wide lane and by
 * QUIC in turns, on loopback. Both ends are processes of their own; it is checked and written as any download is.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../../tests/support/program.ts";
import { cachedRandomModel } from "../../tests/support/random_model.ts";
import { say } from "../run.ts";
import { machine, markdownTable, median } from "./figures.ts";
import type { Fetched } from "./files/end.ts";
import { startProcess } from "./measuring_process.ts";
import type { LinkName } from "./transport/links.ts";

const WAYS: readonly { readonly name: string; readonly link: LinkName }[] = [
  { name: "wide lane", link: "lane" },
  { name: "QUIC", link: "ours" },
];

interface Fetch extends Fetched {
  readonly holderSeconds: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "3" },
      layers: { type: "string", default: "14" },
    },
  });
  const path = cachedRandomModel({ layers: Number(values.layers) });
  const { size } = await Deno.stat(path);
  const fetches = WAYS.map((): Fetch[] => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, { link }] of WAYS.entries()) fetches[index]!.push(await fetchBy(link, path));
  }
  const megabytes = size / 1e6;
  const perMegabyte = (seconds: number) => `${(seconds * 1_000 / megabytes).toFixed(2)} ms`;
  const rows = WAYS.map(({ name }, index) => {
    const of = (value: (fetch: Fetch) => number) => median(fetches[index]!.map(value));
    return [
      name,
      `${(megabytes / of(({ ms }) => ms) * 1_000).toFixed(0)} MB/s`,
      perMegabyte(of(({ cpuSeconds }) => cpuSeconds)),
      perMegabyte(of(({ holderSeconds }) => holderSeconds)),
    ];
  });
  const head = ["way", "rate", "CPU a MB, who fetches", "CPU a MB, who has it"];
  say(`${await machine()}; ${megabytes.toFixed(0)} MB, medians of ${values.rounds} rounds.\n`);
  say(markdownTable(head, rows));
}

async function fetchBy(link: LinkName, path: string): Promise<Fetch> {
  await using folder = await temporaryFolder();
  const script = "scripts/bench/files/end.ts";
  await using holder = startProcess(script, ["hold", link, path]);
  const address = JSON.parse(await holder.nextLine()) as string;
  const copy = join(folder.path, "copy.gguf");
  await using fetcher = startProcess(script, ["fetch", link, address, path, copy]);
  const fetched = JSON.parse(await fetcher.nextLine()) as Fetched;
  await holder.write("done");
  return { ...fetched, holderSeconds: JSON.parse(await holder.nextLine()) as number };
}
