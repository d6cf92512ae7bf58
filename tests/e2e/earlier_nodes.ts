/** Earlier versions whose nodes meet today's in tests. */

import { type CompiledProgram, compiledProgram } from "../support/compiled.ts";
import { earlierProgram, type EarlierVersion } from "../support/earlier_programs.ts";
import type { NodeProcess, StartNodeOptions } from "../support/node_process.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

/**
 * The last commits of three times, between which most has changed in what nodes say to each other and in the files of
 * their data directories. They are numbered by the topics of work whose ends they are.
 */
export const EARLIER: readonly EarlierVersion[] = [
  {
    what: "one model a node; neither forms of files nor renewals, relays or the local network",
    version: "0.0.3",
    commit: "9be9702e7b1b78e92c625a9465f749f102ddd360",
    hasLan: false,
  },
  {
    what: "several models a node, in lists; no turns, no settings of models, no loads by request",
    version: "0.0.5",
    commit: "09e627fb94ccb687c6b368fb1de9f0bff253d62c",
    hasLan: false,
  },
  {
    what: "relays, the local network and forms of files; the wide lane is not in use yet",
    version: "0.0.8",
    commit: "7fde8a9b70a4bd1854f70c0add648d88d71a9144",
    hasLan: true,
  },
];

type Start = (args: readonly string[], options?: StartNodeOptions) => Promise<NodeProcess>;

export interface TwoVersions {
  readonly earlier: Start;
  readonly today: Start;
}

const compiled = await compiledProgram();
const programs = new Map(
  await Promise.all(EARLIER.map(async (one) => [one, await earlierProgram(one)] as const)),
);

export function earlierProgramOf(version: EarlierVersion): CompiledProgram {
  return programs.get(version)!;
}

/** Ignored, with the reason in its name, where an executable can't be made. */
export function earlierTest(
  name: string,
  version: EarlierVersion,
  fn: (start: TwoVersions) => Promise<void>,
): void {
  const program = earlierProgramOf(version);
  const lacking = [compiled, program].find(({ path }) => path === null);
  if (lacking !== undefined && "reason" in lacking) {
    Deno.test.ignore(`${name} (${lacking.reason})`, () => {});
    return;
  }
  const starting =
    ({ path }: CompiledProgram, more: StartNodeOptions = {}): Start => (args, options) =>
      startServing(args, { ...more, ...options, ...(path === null ? {} : { compiled: path }) });
  const earlier = starting(program, { lan: !version.hasLan });
  nodeTest(name, () => fn({ earlier, today: starting(compiled) }));
}
