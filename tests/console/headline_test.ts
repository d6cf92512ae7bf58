import assert from "node:assert/strict";
import { type Headline, headline } from "../../console/src/lib/headline.ts";
import {
  GB,
  instance,
  MINI,
  model,
  peer,
  status,
  type StatusParts,
} from "../support/console_status.ts";

function shown(parts: StatusParts): Headline {
  const line = headline(status(parts));
  return { ...line, detail: line.detail.replaceAll("\u00a0", " ") };
}

const LOADING = model({
  name: "big",
  state: "loading",
  instances: [instance({ state: "loading" })],
});
const WAITING = model({
  name: "huge",
  state: "waiting",
  instances: [instance({ state: "waiting", needBytes: 46 * GB, haveBytes: 24 * GB })],
});
const COLD = model({ name: "Mistral-7B", state: "cold", instances: [] });
const CLIENT: StatusParts = {
  node: { role: "client", passive: true, model: null, vramBytes: 0, devices: [] },
  mesh: { token: null },
};

Deno.test("headline() names the ready models and leads to the chat", () => {
  assert.deepEqual(shown({}), {
    tone: "warm",
    title: "guide is ready",
    detail: "One machine offers 24 GB. Ask anything from this page.",
    action: { kind: "chat", label: "Start a chat" },
  });
  const two = shown({ peers: [peer()], models: [model(), model({ name: "big" }), LOADING] });
  assert.equal(two.title, "big and guide are ready");
  assert.equal(two.detail, "2 machines share 36 GB. Ask anything from this page.");
});

Deno.test("headline() mentions a model that waits beside a ready one", () => {
  assert.match(shown({ models: [model(), WAITING] }).detail, /huge still waits for memory\.$/);
});

Deno.test("headline() says what is being loaded, and offers an invite where it may", () => {
  const loading = shown({ models: [LOADING, COLD] });
  assert.equal(loading.title, "Loading big");
  assert.equal(loading.tone, "loading");
  assert.deepEqual(loading.action, { kind: "invite", label: "Add a machine" });
  assert.equal(shown({ models: [LOADING], mesh: { token: null } }).action, null);
});

Deno.test("headline() says what waits its turn, where nothing is ready or being loaded", () => {
  const next = model({ name: "next", state: "turn", instances: [instance({ state: "turn" })] });
  const line = shown({ models: [next, WAITING, COLD] });
  assert.equal(line.title, "next waits its turn");
  assert.equal(line.tone, "loading");
  assert.equal(shown({ models: [next, LOADING] }).title, "Loading big");
});

Deno.test("headline() says what can't be loaded and why, after all that goes on", () => {
  const reason = "studio: llama-server: unknown model architecture: 'new'";
  const instances = [instance({ state: "failed", reason })];
  const failed = model({ name: "sick", state: "failed", reason, instances });
  const line = shown({ models: [failed, COLD] });
  assert.equal(line.title, "sick can't be loaded");
  assert.ok(line.detail.startsWith(`${reason}. It is tried again`));
  assert.equal(shown({ models: [failed, LOADING] }).tone, "loading");
});

Deno.test("headline() says what a waiting model lacks, and that another machine helps", () => {
  const waiting = shown({ models: [WAITING] });
  assert.equal(waiting.title, "huge waits for memory");
  assert.equal(
    waiting.detail,
    "Needs 46 GB, 24 GB is free for it: 22 GB more and it starts by itself.",
  );
  assert.deepEqual(waiting.action, { kind: "invite", label: "Add a machine" });
});

Deno.test("headline() sends who may not invite to a machine that may", () => {
  assert.deepEqual(shown({ models: [WAITING], mesh: { token: null } }).action, {
    kind: "command",
    label: "On a machine that may invite",
    command: "./mesh-llm token",
  });
});

Deno.test("headline() leads to the models if none is ready", () => {
  const { title, action } = shown({ models: [COLD] });
  assert.equal(title, "No model is ready yet");
  assert.deepEqual(action, { kind: "models", label: "Choose a model" });
});

Deno.test("headline() says what is missing on a machine without llama.cpp", () => {
  const { title, action } = shown({ models: [], node: { engine: null } });
  assert.equal(title, "This machine has no llama.cpp");
  assert.equal(action?.kind === "command" && action.command, "./mesh-llm engine install");
});

Deno.test("headline() tells a client what others have to do", () => {
  const cold = shown({ ...CLIENT, peers: [peer()], models: [] });
  assert.equal(cold.title, "No model is ready yet");
  assert.match(cold.detail, /^This node is a client/);
  assert.equal(cold.action?.label, "On a member");
  assert.equal(shown({ ...CLIENT, models: [] }).title, "No machine of the mesh answers");
  const warm = shown({
    ...CLIENT,
    peers: [peer({ role: "host" })],
    models: [model({ instances: [instance({ host: MINI })] })],
  });
  assert.equal(warm.detail, "One machine offers 12 GB. Ask anything from this page.");
});
