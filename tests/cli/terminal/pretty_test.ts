import assert from "node:assert/strict";
import { pretty, type PrettyOptions } from "../../../src/cli/terminal/pretty.ts";
import { record } from "../records.ts";

const plain: PrettyOptions = {
  colour: false,
  verbose: false,
  startCommand: "mesh-llm",
  console: true,
};
const peer = "12D3KooWAbcdefghijklmnopqrstuvwxyz1234567890ABCDEFGH";

const lines: [fact: string, fields: Record<string, unknown>, text: string][] = [
  [
    "a solo load",
    { event: "plan", role: "host", model: "guide", mode: "solo", workers: [], term: 1 },
    "Loading guide on this machine\n",
  ],
  [
    "a split load",
    { event: "plan", role: "host", model: "big", mode: "split", workers: [peer, "b"], term: 1 },
    "Loading big together with 2 other machines\n",
  ],
  [
    "a worker's part",
    { event: "plan", role: "worker", model: "big", mode: "split", workers: [], term: 1 },
    "Lending memory to big\n",
  ],
  [
    "idleness",
    { event: "plan", role: "standby", model: null, mode: null, workers: [], term: null },
    "Free for any model\n",
  ],
  [
    "an automatic move",
    {
      ...{ event: "plan", role: "host", model: "x", mode: "solo", workers: [], term: 1 },
      ...{ automatic: true, instead: "y", reason: "it is wanted and nobody serves it" },
    },
    "Loading x on this machine instead of y: it is wanted and nobody serves it\n",
  ],
  [
    "an automatic end",
    {
      ...{ event: "plan", role: "standby", model: null, mode: null, workers: [], term: null },
      ...{ automatic: true, instead: "x", reason: "the others can answer what is asked" },
    },
    "Free for any model instead of x: the others can answer what is asked\n",
  ],
  [
    "a solo model that answers",
    { event: "serving", model: "guide", mode: "solo", loadMs: 812 },
    "Serving guide on this machine, loaded in 0.8 s\n",
  ],
  [
    "a split model that answers",
    { event: "serving", model: "big", mode: "split", loadMs: 61_040 },
    "Serving big over several machines, loaded in 61.0 s\n",
  ],
  [
    "a lack of memory",
    { event: "waiting", model: "big", needBytes: 12_340_000_000, haveBytes: 50_000_000 },
    "big waits for memory: it needs 12.3 GB and the mesh has 50.0 MB. " +
    "Add a machine, and it is served\n",
  ],
  ["a new peer", { event: "peer", peer, name: "bob", change: "joined" }, "bob joined the mesh\n"],
  ["a peer that left", { event: "peer", peer, change: "left" }, "…ABCDEFGH left the mesh\n"],
  ["a dead peer", { event: "peer", peer, change: "died" }, "…ABCDEFGH no longer answers\n"],
  [
    "another mesh",
    { event: "lan", name: "ann", id: "ann@1" },
    "ann's mesh is on this network too\n",
  ],
  ["the end", { event: "stopped", reason: "SIGTERM" }, "Stopped: SIGTERM\n"],
];

for (const [fact, fields, text] of lines) {
  Deno.test(`pretty() tells of ${fact}`, () => {
    assert.deepEqual(pretty(record(fields), plain), { kind: "lines", text });
  });
}

const ready = {
  event: "ready",
  node: peer,
  token: "TOKEN",
  api: "http://127.0.0.1:9337",
  console: "http://127.0.0.1:3131",
};

Deno.test("pretty() shows the addresses and how to add a machine once the node is ready", () => {
  assert.deepEqual(pretty(record(ready), plain), {
    kind: "lines",
    text: `
mesh-llm is running

  Console  http://127.0.0.1:3131
  API      http://127.0.0.1:9337/v1

To add a machine, run this on it:

  MESH_LLM_JOIN=TOKEN mesh-llm

`,
  });
});

Deno.test("pretty() shows the console's address as the one that signs in", () => {
  const signIn = "http://127.0.0.1:3131/#sign-in=once";
  const shown = pretty(record({ ...ready, signIn }), plain);
  assert.ok(shown?.kind === "lines" && shown.text.includes(`  Console  ${signIn}\n`));
});

Deno.test("pretty() leaves out a console without a page and an invite that may not be given", () => {
  const shown = pretty(record({ ...ready, token: null }), { ...plain, console: false });
  assert.deepEqual(shown, {
    kind: "lines",
    text: "\nmesh-llm is running\n\n  API      http://127.0.0.1:9337/v1\n\n",
  });
});

Deno.test("pretty() says nothing of a plan that waits, since another record does", () => {
  const fields = { event: "plan", role: "standby", model: "big", mode: "split", workers: [] };
  assert.equal(pretty(record(fields), plain), null);
});

Deno.test("pretty() says all that a node runs, where that is more than one model", () => {
  const shown = (serving: string[], lending: string[]) =>
    pretty(record({ event: "runs", serving, lending }), plain);
  const lines = (text: string) => ({ kind: "lines", text: `${text}\n` });
  assert.equal(shown([], []), null);
  assert.equal(shown(["chat"], []), null);
  assert.equal(shown([], ["wide"]), null);
  assert.deepEqual(
    shown(["chat", "embed", "rerank"], []),
    lines("This machine serves chat, embed and rerank"),
  );
  assert.deepEqual(
    shown(["chat"], ["wide", "big"]),
    lines("This machine serves chat, and lends memory to wide and big"),
  );
  assert.deepEqual(shown([], ["wide", "big"]), lines("This machine lends memory to wide and big"));
  const reason = "others need its memory";
  assert.deepEqual(
    pretty(record({ event: "unloaded", model: "chat", reason }), plain),
    lines(`chat is not served here any more: ${reason}`),
  );
});

Deno.test("pretty() draws progress as the live line", () => {
  const fields = { event: "progress", task: "load", model: "big", fraction: 0.5 };
  assert.deepEqual(pretty(record(fields), plain), {
    kind: "live",
    task: "load big",
    label: "Loading big",
    text: `Loading big ${"█".repeat(12)}${"░".repeat(12)} 50 %`,
    brief: "Loading big 50 %",
  });
});

Deno.test("pretty() names the step of an installation, and a bar where its size is known", () => {
  const step = { event: "progress", task: "install", step: "Downloading llama.cpp" };
  const known = { ...step, receivedBytes: 1, totalBytes: 4 };
  assert.deepEqual(pretty(record(known), plain), {
    kind: "live",
    task: "install",
    label: "Downloading llama.cpp",
    text: `Downloading llama.cpp ${"█".repeat(6)}${"░".repeat(18)} 25 %`,
    brief: "Downloading llama.cpp 25 %",
  });
  const unknown = { ...step, receivedBytes: 1, totalBytes: null };
  assert.deepEqual(pretty(record(unknown), plain), {
    kind: "live",
    task: "install",
    label: "Downloading llama.cpp",
    text: "Downloading llama.cpp",
    brief: "Downloading llama.cpp",
  });
});

Deno.test("pretty() shows warnings and hides other records unless they are asked for", () => {
  assert.deepEqual(pretty(record({}, { level: "warning" }), plain), {
    kind: "lines",
    text: "Warning: Something happened\n",
  });
  assert.equal(pretty(record({}), plain), null);
  assert.deepEqual(pretty(record({}), { ...plain, verbose: true }), {
    kind: "lines",
    text: "03:04:05 Something happened\n",
  });
});

Deno.test("pretty() lets no peer steer the terminal", () => {
  const fields = { event: "peer", peer, name: "\x1b[2Jmallory\n", change: "joined" };
  assert.deepEqual(pretty(record(fields), plain), {
    kind: "lines",
    text: "[2Jmallory joined the mesh\n",
  });
});

Deno.test("pretty() colours only where it may", () => {
  const fields = { event: "serving", model: "guide", mode: "solo", loadMs: 1 };
  const shown = pretty(record(fields), { ...plain, colour: true });
  assert.ok(shown?.text.startsWith("\x1b[32mServing guide"));
});
