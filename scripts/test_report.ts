/** The result of a run of `deno test`, read from its JUnit report. Pure. */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

const LINES_OF_A_FAILURE = 20;

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

/** A test or a step that failed, and what it said. */
export interface Failure {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** Steps have failures of their own here: theirs is the text that says what happened. */
export function readFailures(report: string): readonly Failure[] {
  const cases = report.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs,
  );
  return [...cases].flatMap(([, name = "", file = "", body = ""]) => {
    const text = /<(?:failure|error) message="([^"]*)"(?:\/>|>(.*?)<\/(?:failure|error)>)/s.exec(
      body,
    );
    if (text === null) return [];
    return [{ file: unescaped(file), name: unescaped(name), text: unescaped(text[2] ?? text[1]!) }];
  });
}

function unescaped(xml: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return xml.replace(/&(\w+);/g, (entity, name) => characters[name] ?? entity);
}

/** If only the end of a run's output is kept, as on CI, this must say what failed. */
export function describeFailures(failures: readonly Failure[]): string {
  return failures.map(({ file, name, text }) => {
    const lines = text.split("\n");
    const shown = lines.slice(0, LINES_OF_A_FAILURE);
    if (shown.length < lines.length) {
      shown.push(`(${lines.length - shown.length} lines more above)`);
    }
    return [`FAILED ${file} > ${name}`, ...shown.map((line) => `    ${line}`)].join("\n");
  }).join("\n\n");
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
 * Adds up the suites. A run that failed with no failure in its report (a file that can't be loaded) counts
 * as one. Files can't be told apart here: a report names the file that registered a test, and helpers do.
 */
export function countRun(suites: readonly Suite[], { success }: { success: boolean }): TestCounts {
  const counts = suites.map((suite) => suite.counts).reduce(addCounts, NO_TESTS);
  return { ...counts, failed: success || counts.failed > 0 ? counts.failed : 1 };
}

/** The last line of `deno task test`, which machines read. */
export function summary({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed` + (skipped === 0 ? "" : `, ${skipped} skipped`);
}
