import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import {
  type CatalogEntry,
  createGateway,
  type DownloadStatus,
  fullKey,
  ModelRefusedError,
} from "../../../src/api/mod.ts";
import { AdminDoor } from "../../../src/api/keys/admin_session.ts";
import { type ApiKey, KeyRing } from "../../../src/api/keys/keys.ts";
import { createOllama } from "../../../src/api/ollama/ollama.ts";
import { referenceOf } from "../../../src/api/ollama/puller.ts";
import { FakeNode, NO_MODEL_ACTIONS } from "../fake_node.ts";

const logger = getLogger("test");
const OWNER = { ...fullKey("owner", "sk-owner"), manage: true };
const KEYS: ApiKey[] = [OWNER, fullKey("ci", "sk-ci"), {
  ...OWNER,
  name: "some",
  key: "sk-some",
  models: ["a"],
}];
const TOTAL = 100;

/** A node whose one download goes on as the test says. */
function setUp() {
  const node = new FakeNode();
  const asked: string[] = [];
  let status: DownloadStatus | null = null;
  const change = (receivedBytes: number, state: DownloadStatus["state"] | null = "running") => {
    status = state === null ? null : {
      state,
      receivedBytes,
      totalBytes: TOTAL,
      bytesPerSecond: 0,
      secondsLeft: null,
      error: state === "failed" ? "The disk is full" : null,
    };
    const fraction = receivedBytes / TOTAL;
    node.send({ type: "progress", task: "download", model: "big", fraction });
    return status!;
  };
  node.modelActions = {
    ...NO_MODEL_ACTIONS,
    catalog: () =>
      [
        { id: "here", name: "here", places: ["disk"], broken: null, download: null },
        { id: "big", name: "big", places: ["catalog"], broken: null, download: status },
      ] as unknown as CatalogEntry[],
    download: (reference) => {
      asked.push(`download ${reference}`);
      if (reference !== "org/repo:Q4") {
        return Promise.reject(new ModelRefusedError("unknown", `There is no model ${reference}`));
      }
      return Promise.resolve({ name: "big", download: status ?? change(0) });
    },
    downloadStatus: () => status,
    pauseDownload: (name) => {
      asked.push(`pause ${name}`);
      change(0, "paused");
      return Promise.resolve();
    },
    remove: (name) => {
      asked.push(`remove ${name}`);
      const why = name === "served" ? "conflict" : "unknown";
      return name === "here" ? Promise.resolve() : Promise.reject(
        new ModelRefusedError(
          why,
          why === "unknown" ? `There is no model ${name}` : "It is served",
        ),
      );
    },
  };
  const door = new AdminDoor({ adminKey: "admin" });
  const gateway = createGateway(node, { keys: KEYS, logger });
  const app = createOllama(gateway, node, {
    managers: { door, ring: new KeyRing(KEYS) },
    logger,
  });
  const ask = async (
    method: string,
    path: string,
    body: unknown,
    { key = "sk-owner", headers = {}, signal }: {
      key?: string;
      headers?: Record<string, string>;
      signal?: AbortSignal;
    } = {},
  ) =>
    await app.request(path, {
      method,
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
  return { node, asked, change, ask };
}

async function* linesOf(response: Response) {
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    for (const line of piece.trimEnd().split("\n")) yield JSON.parse(line);
  }
}

Deno.test("A pull tells how far it is, line by line, and ends with success", async () => {
  const { ask, change } = setUp();
  const said: unknown[] = [];
  for await (
    const line of linesOf(await ask("POST", "/api/pull", { model: "hf.co/org/repo:Q4" }))
  ) {
    said.push(line.completed ?? line.status);
    if (line.completed === 0) change(40);
    if (line.completed === 40) change(TOTAL, null);
  }
  const unlike = said.filter((one, at) => one !== said[at - 1]);
  assert.deepEqual(unlike, [
    "pulling manifest",
    0,
    40,
    TOTAL,
    "verifying sha256 digest",
    "writing manifest",
    "success",
  ]);
  const there = await (await ask("POST", "/api/pull", { name: "here:latest", stream: false }))
    .json();
  assert.deepEqual(there, { status: "success" });
});

Deno.test("A pull whose download fails says why", async () => {
  const { ask, change } = setUp();
  let last;
  for await (const line of linesOf(await ask("POST", "/api/pull", { model: "org/repo:Q4" }))) {
    if (line.completed === 0) change(10, "failed");
    last = line;
  }
  assert.deepEqual(last, { error: "The disk is full" });
  const unknown = await ask("POST", "/api/pull", { model: "absent" });
  assert.deepEqual([unknown.status, await unknown.json()], [404, {
    error: "model 'absent' not found",
  }]);
});

Deno.test("A pull that its callers leave is paused once the last has gone, and one of the console goes on", async () => {
  for (const isConsoles of [false, true]) {
    const { ask, asked, change } = setUp();
    if (isConsoles) change(5);
    const leave = [new AbortController(), new AbortController()];
    const pulls = [];
    for (const { signal } of leave) {
      const lines = linesOf(await ask("POST", "/api/pull", { model: "org/repo:Q4" }, { signal }));
      while ((await lines.next()).value.completed === undefined);
      pulls.push(lines);
    }
    for (const [n, lines] of pulls.entries()) {
      assert.ok(!asked.includes("pause big"));
      leave[n]!.abort();
      await lines.return(undefined);
    }
    assert.equal(asked.includes("pause big"), !isConsoles);
  }
});

Deno.test("Only those who may manage the node fetch and delete models, and no page does", async () => {
  const { ask, asked } = setUp();
  const table: [string, Record<string, string>, number][] = [
    ["sk-ci", {}, 403],
    ["sk-else", {}, 401],
    ["sk-owner", { origin: "https://evil.example" }, 403],
    ["admin", { "sec-fetch-site": "same-site" }, 403],
    ["sk-some", {}, 404],
  ];
  for (const [key, headers, status] of table) {
    for (const [method, path] of [["POST", "/api/pull"], ["DELETE", "/api/delete"]] as const) {
      const response = await ask(method, path, { model: "here" }, { key, headers });
      assert.equal(response.status, status, `${key} ${path}`);
      assert.equal(typeof (await response.json()).error, "string");
    }
  }
  assert.deepEqual(asked, []);
});

Deno.test("Deleting answers as Ollama does", async () => {
  const { ask, asked } = setUp();
  const statuses = [];
  for (const model of ["here:latest", "absent", "served"]) {
    const response = await ask("DELETE", "/api/delete", { model });
    statuses.push([response.status, await response.text()]);
  }
  assert.deepEqual(statuses, [
    [200, ""],
    [404, '{"error":"model \'absent\' not found"}'],
    [409, '{"error":"It is served"}'],
  ]);
  assert.equal(
    (await ask("DELETE", "/api/delete", { model: "here" }, { key: "admin" })).status,
    200,
  );
  assert.deepEqual(asked.slice(0, 1), ["remove here"]);
});

Deno.test("referenceOf() understands names as Ollama's users write them", () => {
  const table = [
    ["guide", "guide"],
    ["guide:latest", "guide"],
    ["hf.co/org/repo", "org/repo"],
    ["hf.co/org/repo:Q8_0", "org/repo:Q8_0"],
    ["https://huggingface.co/org/repo:latest", "org/repo"],
    ["org/repo:Q4_K_M", "org/repo:Q4_K_M"],
    [
      "https://huggingface.co/org/repo/resolve/main/a.gguf",
      "https://huggingface.co/org/repo/resolve/main/a.gguf",
    ],
  ];
  for (const [asked, expected] of table) assert.equal(referenceOf(asked!), expected);
});
