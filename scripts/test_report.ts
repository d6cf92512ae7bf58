/** What a run of `deno test` came to, read from its JUnit report. Pure. */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** One test file's part of a report. */
export interface Suite {
  readonly file: string;
  readonly counts: TestCounts;
}

/** Steps are parts of their test and not counted. */
export function readSuites(report: string): readonly Suite[] {
  const suites = report.matchAll(/<testsuite name="([^"]*)"[^>]*>(.*?)<\/testsuite>/gs);
  return [...suites].map(([, file = "", body = ""]) => ({ file, counts: countCases(body) }));
}

function countCases(body: string): TestCounts {
  const cases = [...body.matchAll(/<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)];
  const names = new Set(cases.map(([, name]) => name));
  const tests = cases.filter(([, name = ""]) => !isStep(name, names)).map(([, , result = ""]) =>
    result
  );
  const failed = tests.filter((result) => /<(failure|error)\b/.test(result)).length;
  const skipped = tests.filter((result) => result.includes("<skipped")).length;
  return { passed: tests.length - failed - skipped, failed, skipped };
}

/** Deno names a step "its test > its name". */
function isStep(name: string, names: ReadonlySet<string | undefined>): boolean {
  const words = name.split(" &gt; ");
  return words.some((_, index) => index > 0 && names.has(words.slice(0, index).join(" &gt; ")));
}

export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/**
 * A file that should have been run and is missing from the report could not be loaded: it counts as one failure,
 * and so does a run that failed for a reason that is in no report.
 */
export function countRun(
  suites: readonly Suite[],
  { expectedFiles, success }: { expectedFiles: readonly string[]; success: boolean },
): TestCounts {
  const reported = new Set(suites.map((suite) => suite.file));
  const missing = expectedFiles.filter((file) => !reported.has(file)).length;
  const counts = suites.map((suite) => suite.counts).reduce(addCounts, NO_TESTS);
  const failed = counts.failed + missing;
  return { ...counts, failed: success || failed > 0 ? failed : 1 };
}

/** The last line of `deno task test`, which machines read. */
export function summary({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed` + (skipped === 0 ? "" : `, ${skipped} skipped`);
}
