/** The checks that a change must pass before its tests count: format, lint, types and the house's own rules. */

import { run } from "./run.ts";

interface GateStep {
  readonly name: string;
  /** Words for this Deno. */
  readonly args: readonly string[];
}

const STEPS: readonly GateStep[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check", "--quiet"] },
  { name: "house", args: ["run", "-A", "scripts/house.ts"] },
];

export interface FailedStep {
  readonly name: string;
  /** The program and its words, to run this step alone. */
  readonly command: string;
  readonly text: string;
}

/** Runs every step, so that one that fails hides none behind it. */
export async function runGate(): Promise<readonly FailedStep[]> {
  const failed: FailedStep[] = [];
  for (const { name, args } of STEPS) {
    const { success, text } = await run(Deno.execPath(), args, { output: "capture" });
    if (!success) failed.push({ name, command: `deno ${args.join(" ")}`, text: text.trim() });
  }
  return failed;
}
