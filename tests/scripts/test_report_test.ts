import assert from "node:assert/strict";
import {
  addCounts,
  countRun,
  describeFailures,
  readFailures,
  readSuites,
  summary,
} from "../../scripts/test_report.ts";

/** The report of Deno 2.9.4 for a file with one test of each kind, one of them with two steps. */
const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="9" failures="3" errors="1" time="0.218">
    <testsuite name="./tests/a_test.ts" tests="7" disabled="1" errors="0" failures="3">
        <testcase name="one &lt;x&gt; &amp; &quot;y&quot;" classname="./tests/a_test.ts" time="0.001">
        </testcase>
        <testcase name="two" classname="./tests/a_test.ts" time="0.004">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="three" classname="./tests/a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="four" classname="./tests/a_test.ts" time="0.000">
            <failure message="Uncaught Error: no">Error: no
    at &lt;testcase name=&quot;fake&quot;&gt;</failure>
        </testcase>
        <testcase name="a &gt; b is no step" classname="./tests/a_test.ts" time="0.020">
        </testcase>
        <testcase name="two &gt; s1" classname="./tests/a_test.ts" time="0.000">
        </testcase>
        <testcase name="two &gt; s2" classname="./tests/a_test.ts" time="0.001">
            <failure message="Uncaught Error: boom">Error: boom</failure>
        </testcase>
    </testsuite>
    <testsuite name="./tests/b_test.ts" tests="2" disabled="0" errors="1" failures="0">
        <testcase name="fine" classname="./tests/b_test.ts" time="0.000">
        </testcase>
        <testcase name="cut" classname="./tests/b_test.ts" time="0.000">
            <error message="Cancelled"/>
        </testcase>
    </testsuite>
</testsuites>
`;

Deno.test("readSuites() counts tests and leaves their steps out", () => {
  assert.deepEqual(readSuites(report), [
    { file: "./tests/a_test.ts", counts: { passed: 2, failed: 2, skipped: 1 } },
    { file: "./tests/b_test.ts", counts: { passed: 1, failed: 1, skipped: 0 } },
  ]);
});

Deno.test("readSuites() finds nothing in the report of a run that never began", () => {
  assert.deepEqual(readSuites(""), []);
});

Deno.test("readFailures() has each test and step that failed, with its words", () => {
  const file = "./tests/a_test.ts";
  assert.deepEqual(readFailures(report), [
    { file, name: "two", text: "1 test step failed." },
    { file, name: "four", text: `Error: no\n    at <testcase name="fake">` },
    { file, name: "two > s2", text: "Error: boom" },
    { file: "./tests/b_test.ts", name: "cut", text: "Cancelled" },
  ]);
});

Deno.test("describeFailures() names each, and cuts long ones", () => {
  const [, four] = readFailures(report);
  const long = { ...four!, name: "long", text: "x\n".repeat(99) };
  const [short, rest] = describeFailures([four!, long]).split("\n\n");
  assert.equal(
    short,
    `FAILED ./tests/a_test.ts > four\n    Error: no\n        at <testcase name="fake">`,
  );
  assert.equal(rest!.split("\n").length, 22);
  assert.match(rest!, /\(80 lines more above\)$/);
});

Deno.test("countRun() adds up all suites", () => {
  const counts = countRun(readSuites(report), { success: false });
  assert.deepEqual(counts, { passed: 3, failed: 3, skipped: 1 });
});

Deno.test("countRun() never calls a run good that failed, as by a file that can't be loaded", () => {
  assert.equal(countRun([], { success: false }).failed, 1);
  assert.equal(countRun([], { success: true }).failed, 0);
});

Deno.test("summary() is the line that machines read", () => {
  const unit = { passed: 3, failed: 0, skipped: 0 };
  assert.equal(summary(unit), "3 passed, 0 failed");
  const both = addCounts(unit, { passed: 1, failed: 2, skipped: 1 });
  assert.equal(summary(both), "4 passed, 2 failed, 1 skipped");
});
