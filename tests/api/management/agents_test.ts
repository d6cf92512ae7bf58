import assert from "node:assert/strict";
import { agentSettings, shellLines } from "../../../src/api/mod.ts";

const TARGET = { apiUrl: "http://127.0.0.1:9337", apiKey: "none", model: "Qwen3-30B-A3B-Q4_K_M" };

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
