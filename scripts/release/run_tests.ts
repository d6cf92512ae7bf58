/**
 * `deno run -A scripts/release/run_tests.ts`: the tests of a release that fit this system. Linux runs all; macOS the unit
 * tests, the main job and the console, since the others need namespaces, tmpfs and other users.
 */

import { run } from "../run.ts";

/** The main job: a model alone, split over nodes, and used by a client; then the console in a browser. */
export const MACOS_TESTS = [
  "tests/e2e/solo_test.ts",
  "tests/e2e/split_test.ts",
  "tests/e2e/console_test.ts",
];

/** Words for Deno, one run after the other. Pure. */
export function testRuns(os: typeof Deno.build.os): readonly (readonly string[])[] {
  if (os !== "darwin") return [["task", "test"]];
  return [["task", "ok"], ["run", "-A", "scripts/test.ts", ...MACOS_TESTS]];
}

if (import.meta.main) {
  for (const args of testRuns(Deno.build.os)) {
    const { success } = await run(Deno.execPath(), args, { output: "inherit" });
    if (!success) Deno.exit(1);
  }
}
