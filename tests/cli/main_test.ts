import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { type Outcome, runProgram, temporaryFolder } from "../support/program.ts";

function assertNoStack({ stderr }: Outcome): void {
  assert.doesNotMatch(stderr, /^\s+at |\.ts:\d|Uncaught/m);
}

Deno.test("main --version prints the version of package.json", async () => {
  assert.deepEqual(await runProgram(["--version"]), {
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
});

Deno.test("main without arguments prints the help and is content", async () => {
  const { code, stdout, stderr } = await runProgram([]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Usage: mesh-llm \[command\] \[options\]\n/);
});

const impossible: [args: string[], sentence: string][] = [
  [["--modle", "guide"], "Unknown option '--modle' (did you mean --model?)"],
  [
    ["--model", "guide", "--port", "99999"],
    '--port must be a port from 0 to 65535: current value is "99999"',
  ],
  [
    ["--model", "guide", "--max-vram", "-8"],
    '--max-vram must be a number of GB above 0, such as 8 or 1.5: current value is "-8"',
  ],
  [["serv"], 'There is no command "serv" (did you mean serve?)'],
  [["hocus"], 'There is no command "hocus"'],
];

for (const [args, sentence] of impossible) {
  Deno.test(`main ${args.join(" ")} exits 2 with one sentence`, async () => {
    const outcome = await runProgram(args);
    const hint = "Run mesh-llm --help for the commands and options";
    assert.deepEqual(outcome, { code: 2, stdout: "", stderr: `mesh-llm: ${sentence}\n${hint}\n` });
  });
}

Deno.test("main exits 2 for a token that was cut", async () => {
  const outcome = await runProgram(["--client", "--join", "mesh1_AAECAwQFBgcICQ"]);
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /^mesh-llm: The invite token is cut or altered/);
  assertNoStack(outcome);
});

Deno.test("main warns of a key in a settings file that others may read, and does not repeat it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "config.toml");
  await Deno.writeTextFile(path, 'api-key = "s3cret"');
  await Deno.chmod(path, 0o644);
  const args = ["--client", "--join", "cut", "--data-dir", folder.path];
  const { stdout, stderr } = await runProgram(args);
  assert.match(stdout, new RegExp(`^Warning: .*run chmod 600 ${path}\n$`));
  assert.doesNotMatch(stdout + stderr, /s3cret/);
  await Deno.chmod(path, 0o600);
  assert.equal((await runProgram(args)).stdout, "");
});

Deno.test("main status exits 1 where no node runs", async () => {
  const outcome = await runProgram(["status", "--json"]);
  assert.deepEqual([outcome.code, outcome.stdout], [1, ""]);
  assert.match(outcome.stderr, /^mesh-llm: No node is running on /);
  assertNoStack(outcome);
});

Deno.test("main engine show takes the folder that config.toml names, unless a flag names one", async () => {
  await using folder = await temporaryFolder();
  const named = (name: string) => join(folder.path, name);
  await Deno.mkdir(named("own"));
  await Deno.mkdir(named("flag"));
  const text = `bin-dir = "${named("own")}"\n`;
  await Deno.writeTextFile(named("config.toml"), text, { mode: 0o600 });
  const show = ["engine", "show", "--data-dir", folder.path];
  for (const [name, more] of [["own", []], ["flag", ["--bin-dir", named("flag")]]] as const) {
    const { code, stderr } = await runProgram([...show, ...more]);
    assert.deepEqual([code, stderr.includes(named(name))], [1, true], stderr);
  }
});

Deno.test("main engine show exits 1 where the named folder holds no llama.cpp", async () => {
  const outcome = await runProgram(["engine", "show", "--bin-dir", "nowhere"]);
  assert.deepEqual([outcome.code, outcome.stdout], [1, ""]);
  assert.match(outcome.stderr, /--bin-dir/);
  assertNoStack(outcome);
});
