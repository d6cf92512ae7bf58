import assert from "node:assert/strict";
import { type AgentLimits, agentSettings, shellLines } from "../../../src/api/mod.ts";

const TARGET = {
  apiUrl: "http://127.0.0.1:9337",
  apiKey: "none",
  model: "Qwen3-30B-A3B-Q4_K_M",
  limits: null,
};

Deno.test("every tool is told the address and, where it asks for one, the model", () => {
  for (const agent of agentSettings(TARGET)) {
    const told = `${JSON.stringify(agent.env)} ${agent.file?.text} ${agent.command.join(" ")}`;
    assert.ok(told.includes(TARGET.apiUrl), agent.id);
    if (agent.id !== "open-webui") assert.ok(told.includes(TARGET.model), agent.id);
    assert.match(agent.docs, /^https:\/\//);
  }
});

Deno.test("settings in files are what their formats say", () => {
  const [opencode, pi] = ["opencode", "pi"].map((id) =>
    JSON.parse(agentSettings(TARGET).find((agent) => agent.id === id)?.file?.text ?? "")
  );
  assert.equal(opencode.provider.mesh.options.baseURL, `${TARGET.apiUrl}/v1`);
  assert.deepEqual(Object.keys(opencode.provider.mesh.models), [TARGET.model]);
  assert.deepEqual(pi.providers.mesh.models, [{ id: TARGET.model }]);
});

Deno.test("limits are those of the model, in each tool's own words, and none where they are not known", () => {
  const told = (id: string, limits: AgentLimits | null) => {
    const agent = agentSettings({ ...TARGET, limits }).find((agent) => agent.id === id);
    return `${agent?.file?.text ?? ""}\n${agent && shellLines(agent)}`;
  };
  const table: [string, RegExp[]][] = [
    ["goose", [/^export GOOSE_CONTEXT_LIMIT=40960$/m, /^export GOOSE_MAX_TOKENS=10240$/m]],
    ["opencode", [/"context": 40960,$/m, /"output": 10240$/m]],
    ["pi", [/"contextWindow": 40960,$/m, /"maxTokens": 10240$/m]],
    [
      "claude",
      [
        /^export CLAUDE_CODE_MAX_CONTEXT_TOKENS=40960$/m,
        /^export CLAUDE_CODE_MAX_OUTPUT_TOKENS=10240$/m,
      ],
    ],
    ["continue", [/^ {6}contextLength: 40960$/m, /^ {6}maxTokens: 10240$/m]],
  ];
  for (const [id, lines] of table) {
    const known = told(id, { context: 40_960, output: 10_240, slots: 1 });
    for (const line of lines) {
      assert.match(known, line);
      assert.doesNotMatch(told(id, null), line);
    }
  }
  for (const { id, file } of agentSettings(TARGET)) {
    const numbers = `${file?.text} ${told(id, null)}`.match(/\b\d{4,}\b/g) ?? [];
    assert.deepEqual([...new Set(numbers)].filter((number) => number !== "9337"), [], id);
  }
});

Deno.test("a context that is too small for a tool is told, with the page that says what it needs", () => {
  const table: [number | null, string[]][] = [
    [null, []],
    [4_096, ["opencode", "claude"]],
    [63_999, ["opencode", "claude"]],
    [64_000, []],
    [65_536, []],
  ];
  for (const [context, ids] of table) {
    const limits = context === null ? null : { context, output: 1_024, slots: 1 };
    const warned = agentSettings({ ...TARGET, limits }).filter(({ warning }) => warning !== null);
    assert.deepEqual(warned.map(({ id }) => id), ids, `${context}`);
    for (const { warning } of warned) {
      assert.match(warning ?? "", /64000 .*https:.*mesh-llm settings/);
    }
  }
});

Deno.test("a shell reads a name as a name, whatever is in it", () => {
  const model = `x'; rm -rf "$HOME"`;
  const aider = agentSettings({ ...TARGET, model }).find(({ id }) => id === "aider");
  assert.ok(aider);
  const child = new Deno.Command("sh", {
    args: ["-c", `aider() { printf '%s\\n' "$@"; }\n${shellLines(aider)}`],
    stdout: "piped",
  }).outputSync();
  assert.equal(new TextDecoder().decode(child.stdout), `--model\nopenai/${model}\n`);
});
