import assert from "node:assert/strict";
import fc from "fast-check";
import { launchdPlist } from "../../../../src/cli/commands/service/launchd_plist.ts";
import {
  agentState,
  argumentsOf,
  logOf,
} from "../../../../src/cli/commands/service/launchd_words.ts";
import { runOf, type ServicePlan } from "../../../../src/cli/commands/service/plan.ts";
import { aptInstall, succeeds } from "../../../support/debian.ts";

const plan: ServicePlan = {
  executable: "/Applications/A & B <1>/mesh-llm",
  dataDir: '/Users/ann/It\'s "x"/.mesh-llm',
  user: null,
  home: "/Users/ann",
  environment: { PATH: "/usr/bin:/opt/homebrew/bin", MESH_LLM_SERVICE: "1" },
};

/** Python's own reader of property lists, which refuses what XML does. */
const READER = "import json,plistlib,sys; print(json.dumps([plistlib.loads(one.encode()) " +
  "for one in json.load(sys.stdin)]))";

async function whyNoPython(): Promise<string | null> {
  const found = await succeeds("python3", "-c", "import plistlib");
  const reason = found ? null : await aptInstall("python3");
  if (reason !== null && Deno.build.os === "linux" && Deno.env.get("CI") === "true") {
    throw new Error(reason);
  }
  return reason;
}

async function readAll(plists: readonly string[]): Promise<Record<string, unknown>[]> {
  const child = new Deno.Command("python3", {
    args: ["-c", READER],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ stdout, stderr, success }] = await Promise.all([
    child.output(),
    new Blob([JSON.stringify(plists)]).stream().pipeTo(child.stdin),
  ]);
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const reason = await whyNoPython();
const named = (name: string) => reason === null ? name : `${name} (${reason})`;

Deno.test({
  name: named("launchdPlist() runs the node without a shell, and starts it again where it fails"),
  ignore: reason !== null,
  fn: async () => {
    const [found] = await readAll([launchdPlist(plan)]);
    const log = `${plan.dataDir}/logs/service.log`;
    assert.deepEqual(found, {
      Label: "mesh-llm",
      ProgramArguments: [plan.executable, "--data-dir", plan.dataDir],
      EnvironmentVariables: plan.environment,
      WorkingDirectory: "/Users/ann",
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 5,
      ExitTimeOut: 20,
      ProcessType: "Interactive",
      Umask: 0o077,
      StandardOutPath: log,
      StandardErrorPath: log,
    });
  },
});

Deno.test({
  name: named("launchdPlist() is read as it was meant, whatever stands in its paths"),
  ignore: reason !== null,
  fn: async () => {
    const path = fc.string({ unit: fc.constantFrom(..."a <>&'\"]-!?/;é\u{1f600}%$\\") });
    const plans = fc.sample(fc.record({ executable: path, dataDir: path, value: path }), 200);
    const lists = plans.map(({ executable, dataDir, value }) =>
      launchdPlist({ ...plan, executable, dataDir, environment: { PATH: value } })
    );
    const found = await readAll(lists);
    plans.forEach(({ executable, dataDir, value }, index) => {
      assert.deepEqual(found[index]?.ProgramArguments, [executable, "--data-dir", dataDir]);
      assert.deepEqual(found[index]?.EnvironmentVariables, { PATH: value });
      assert.equal(logOf(lists[index]!), found[index]?.StandardOutPath);
    });
  },
});

for (
  const [text, expected] of [
    [
      "\tstate = running\n\tpid = 812\n\truns = 3\n\tlast exit code = 1\n",
      { state: "running", pid: 812, restarts: 2, exitCode: null },
    ],
    [
      "\tstate = not running\n\truns = 4\n\tlast exit code = 1\n",
      { state: "restarting", pid: null, restarts: 3, exitCode: 1 },
    ],
    [
      "\tstate = not running\n\truns = 1\n\tlast exit code = 0\n",
      { state: "stopped", pid: null, restarts: 0, exitCode: null },
    ],
    ["", { state: "stopped", pid: null, restarts: null, exitCode: null }],
  ] as const
) {
  Deno.test(`agentState() of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(agentState(text), expected);
  });
}

Deno.test("argumentsOf() finds the program and its data directory in a property list", () => {
  const { executable, dataDir } = plan;
  assert.deepEqual(runOf(argumentsOf(launchdPlist(plan))), { executable, dataDir });
  assert.equal(runOf(argumentsOf("<plist></plist>")), null);
});
