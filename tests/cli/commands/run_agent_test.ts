import assert from "node:assert/strict";
import { join } from "node:path";
import { agentSettings } from "../../../src/api/mod.ts";
import { agentText } from "../../../src/cli/commands/run_agent.ts";
import { runProgram } from "../../support/program.ts";
import { withManagementApi } from "../management.ts";

const LIMITS = { context: 32_768, output: 8_192, slots: 1 };
const target = { apiUrl: "http://127.0.0.1:9337", apiKey: "none", model: "big", limits: LIMITS };

function answer({ keyed = false, limits = LIMITS } = {}) {
  const { apiUrl, model } = target;
  const agents = agentSettings({ ...target, limits });
  return () => Response.json({ apiUrl, model, keyed, limits, agents });
}

/** A tool of this name that tells what it was given. */
async function installTool(folder: string, name: string): Promise<void> {
  const script = `#!/bin/sh\necho "$OPENAI_API_BASE $OPENAI_API_KEY $*"\nexit 3\n`;
  await Deno.writeTextFile(join(folder, name), script, { mode: 0o755 });
}

function run(dataDir: string, words: string, env: Record<string, string> = {}) {
  const path = `${dataDir}:${Deno.env.get("PATH")}`;
  return runProgram(["run", "--data-dir", dataDir, ...words.split(" ")], {
    env: { PATH: path, ...env },
    cwd: dataDir,
  });
}

Deno.test("agentText() shows what to put where and what to type", () => {
  const [aider, opencode] = ["aider", "opencode"].map((id) =>
    agentSettings(target).find((agent) => agent.id === id)
  );
  assert.ok(aider && opencode);
  assert.equal(
    agentText(aider),
    `aider: Pair programming in the terminal
https://aider.chat/docs/llms/openai-compat.html

In a shell:

export OPENAI_API_BASE=http://127.0.0.1:9337/v1
export OPENAI_API_KEY=none
aider --model openai/big

Or at once: mesh-llm run aider --exec

To test these settings:

curl http://127.0.0.1:9337/v1/chat/completions -H 'Authorization: Bearer none' -H 'Content-Type: application/json' -d '{"model":"big","max_tokens":32,"messages":[{"role":"user","content":"Say hello"}]}'
`,
  );
  assert.match(
    agentText(opencode),
    /\n\nopencode needs a context of 64000 tokens .*\n\nIn opencode\.json:\n\n\{/,
  );
});

Deno.test("a tool is started with its settings and the user's words, and its exit code is passed on", () =>
  withManagementApi({ answer: answer() }, async ({ dataDir, requests }) => {
    await installTool(dataDir, "aider");
    const outcome = await run(dataDir, "aider --exec -- --no-git");
    assert.deepEqual(outcome, {
      code: 3,
      stdout: "http://127.0.0.1:9337/v1 none --model openai/big --no-git\n",
      stderr: "",
    });
    await run(dataDir, "aider --model big --address 192.168.1.5");
    const bodies = requests.map(({ body }) => JSON.parse(body));
    assert.deepEqual(bodies, [{}, { model: "big", address: "192.168.1.5" }]);
  }));

Deno.test("the key comes from the environment, and a tool is not started without", () =>
  withManagementApi({ answer: answer({ keyed: true }) }, async ({ dataDir }) => {
    await installTool(dataDir, "aider");
    const claude = await run(dataDir, "claude", { MESH_LLM_API_KEY: "s3cret" });
    assert.match(claude.stdout, /^export ANTHROPIC_AUTH_TOKEN=s3cret$/m);
    assert.match(claude.stdout, /^export CLAUDE_CODE_MAX_CONTEXT_TOKENS=32768$/m);
    const keyed = await run(dataDir, "aider --exec", { MESH_LLM_API_KEY: "s3cret" });
    assert.match(keyed.stdout, /v1 s3cret --model/);
    const keyless = await run(dataDir, "aider --exec");
    assert.equal(keyless.code, 1);
    assert.match(keyless.stderr, /asks for a key\. Set it in MESH_LLM_API_KEY/);
  }));

Deno.test("a settings file is made once, and one of the user's own is never changed", () =>
  withManagementApi({ answer: answer() }, async ({ dataDir }) => {
    await installTool(dataDir, "opencode");
    const file = join(dataDir, "opencode.json");
    assert.match((await run(dataDir, "opencode --exec")).stderr, /^Wrote opencode\.json$/m);
    assert.match(await Deno.readTextFile(file), /"mesh-llm"/);
    // A key may be in it.
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    const again = await run(dataDir, "opencode --exec");
    assert.match(again.stderr, /^opencode needs a context of 64000 .*\n$/);
    // The same settings with other limits, which the user may have chosen.
    const text = (await Deno.readTextFile(file)).replace("32768", "16384");
    await Deno.writeTextFile(file, text);
    const other = await run(dataDir, "opencode --exec");
    assert.match(other.stderr, /opencode\.json has other limits than the model has now/);
    assert.equal(other.code, 3);
    assert.equal(await Deno.readTextFile(file), text);
    // Of the key and the address none is left out.
    await Deno.writeTextFile(file, text.replace("9337", "9338"));
    assert.equal((await run(dataDir, "opencode --exec")).code, 1);
    await Deno.writeTextFile(file, "{}");
    const refused = await run(dataDir, "opencode --exec");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is there already, and is not changed/);
    assert.equal(await Deno.readTextFile(file), "{}");
  }));

Deno.test("a tool that is unknown or not installed gets a sentence", () =>
  withManagementApi({ answer: answer() }, async ({ dataDir }) => {
    const unknown = await run(dataDir, "aidr");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no settings for "aidr" \(did you mean aider\?\)/);
    const missing = await run(dataDir, "aider --exec", { PATH: "/nowhere" });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /Cannot start aider: there is no aider on PATH/);
    // Nothing is left of a tool that can't be started: a folder of its name, or a file that may not be run.
    await Deno.mkdir(join(dataDir, "opencode"));
    const unable = await run(dataDir, "opencode --exec", { PATH: dataDir });
    assert.equal(unable.code, 1);
    assert.match(unable.stderr, /there is no opencode on PATH/);
    await assert.rejects(Deno.stat(join(dataDir, "opencode.json")), Deno.errors.NotFound);
  }));
