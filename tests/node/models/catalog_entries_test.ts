import assert from "node:assert/strict";
import type { PeerId, RouteInstance } from "../../../src/mesh/mod.ts";
import { AUTO_SHAPE } from "../../../src/models/mod.ts";
import type { CatalogModel, LocalModel } from "../../../src/models/mod.ts";
import { lonelyView } from "../../../src/node/models/fit_views.ts";
import { catalogEntries, type CatalogInput } from "../../../src/node/models/catalog_entries.ts";

const GB = 1e9;

function onDisk(name: string, fingerprint = "f"): LocalModel {
  const header = { architecture: "llama", quantisation: "Q8_0", contextLength: 4096 };
  const sizes = {
    kvHeads: 0,
    keyLength: 0,
    valueLength: 0,
    slidingWindow: 0,
    slidingKvHeads: 0,
    embeddingLength: 0,
    feedForwardLength: 0,
  };
  return {
    name,
    fingerprint,
    path: `/m/${name}.gguf`,
    shards: [],
    sizeBytes: 2 * GB,
    header: { ...header, ...sizes } as unknown as LocalModel["header"],
    projector: null,
  };
}

function listed(name: string, sizeBytes = 2 * GB): CatalogModel {
  return {
    name,
    repository: "org/repo",
    file: `${name}.gguf`,
    sizeBytes,
    architecture: "qwen3",
    quantisation: "Q4_K_M",
    contextLength: 40_960,
    licence: "mit",
    projector: "mmproj.gguf",
    draft: null,
  };
}

function instance(name: string, state: "warm" | "loading", fingerprint = "f"): RouteInstance {
  return {
    host: "p" as PeerId,
    model: { name, fingerprint },
    sizeBytes: 2 * GB,
    mode: "solo",
    state,
    term: 1,
    hostShare: 1,
    workers: [],
    needBytes: 1,
    haveBytes: 1,
    contextLength: 4096,
  };
}

function entries(changes: Partial<CatalogInput>) {
  return catalogEntries({
    onDisk: [],
    broken: [],
    elsewhere: [],
    namesakes: [],
    instances: [],
    turns: [],
    catalog: [],
    downloads: [],
    mesh: lonelyView({ memoryBytes: 3 * GB, devices: [] }, changes.onDisk ?? []),
    shapeOf: () => AUTO_SHAPE,
    ...changes,
  });
}

Deno.test("catalogEntries() shows a model that waits its turn, unless one of its instances does more", () => {
  const files = ["cold", "next", "loads", "b"].map((name) => onDisk(name));
  const instances = [instance("loads", "loading"), instance("b", "warm")];
  const turns = ["next", "loads", "b"];
  const found = entries({ onDisk: files, instances, turns }).map(({ id, state }) =>
    `${id} ${state}`
  );
  assert.deepEqual(found, ["b warm", "cold cold", "loads loading", "next turn"]);
});

Deno.test("catalogEntries() joins what is known of one model, and keeps two of one name apart", () => {
  const elsewhere = [
    { name: "m", sizeBytes: 2 * GB, fingerprint: "f", needBytes: 0 },
    { name: "m", sizeBytes: 3 * GB, fingerprint: "other", needBytes: 0 },
  ];
  const found = entries({
    onDisk: [onDisk("m")],
    elsewhere,
    instances: [instance("m", "loading"), instance("m", "warm"), instance("m", "loading", "other")],
    catalog: [listed("m"), listed("n")],
  });
  assert.deepEqual(
    found.map(({ name, fingerprint, places, state }) => [name, fingerprint, places, state]),
    [
      ["m", "f", ["disk", "mesh", "catalog"], "warm"],
      ["m", "other", ["mesh", "catalog"], "loading"],
      ["n", null, ["catalog"], "cold"],
    ],
  );
  const [first, , last] = found;
  assert.deepEqual(
    [first?.architecture, first?.licence, first?.contextLength, first?.repository],
    ["llama", "mit", 4096, "org/repo"],
  );
  assert.deepEqual([last?.architecture, last?.vision, last?.contextLength], [
    "qwen3",
    true,
    40_960,
  ]);
});

Deno.test("catalogEntries() of twice the models looks at twice as much", () => {
  const looks = (count: number) => {
    let looked = 0;
    const counted = <T extends object>(one: T) =>
      new Proxy(one, { get: (target, key) => (looked++, Reflect.get(target, key)) });
    const names = Array.from({ length: count }, (_, n) => `m${n}`);
    entries({
      elsewhere: names.map((name) =>
        counted({ name, sizeBytes: 2 * GB, fingerprint: "f", needBytes: 0 })
      ),
      instances: names.map((name) => counted(instance(name, "warm"))),
      catalog: names.map((name) => counted(listed(name))),
    });
    return looked;
  };
  assert.ok(looks(400) <= 2.1 * looks(200));
});

Deno.test("catalogEntries() says of each how it would run, in numbers and words", () => {
  const found = entries({ catalog: [listed("small"), listed("large", 9 * GB)] });
  assert.deepEqual(found.map(({ fit }) => [fit?.kind, fit?.reason]), [
    ["solo", "Fits this machine: needs 2.2 GB of 3.0 GB"],
    [
      "none",
      "Does not fit: needs 9.9 GB, and the machines that could share it have 3.0 GB. Machines with 6.9 GB more would do, or a smaller quantization of it",
    ],
  ]);
});

Deno.test("catalogEntries() shows downloads where they belong, and broken files with their reason", () => {
  const progress = {
    state: "running",
    receivedBytes: 1,
    totalBytes: 2 * GB,
    bytesPerSecond: 0,
    secondsLeft: null,
    error: null,
  } as const;
  const found = entries({
    catalog: [listed("m")],
    downloads: [{ name: "m", progress }, { name: "from-elsewhere", progress }],
    broken: [{
      name: "torn",
      path: "/m/torn.gguf",
      reason: "Cannot use /m/torn.gguf: it is cut short",
    }],
  });
  const byName = new Map(found.map((entry) => [entry.name, entry]));
  assert.deepEqual(byName.get("m")?.download, progress);
  assert.deepEqual(byName.get("from-elsewhere")?.sizeBytes, 2 * GB);
  assert.deepEqual(byName.get("torn")?.broken, "Cannot use /m/torn.gguf: it is cut short");
  assert.deepEqual([byName.get("torn")?.places, byName.get("torn")?.fit], [["disk"], null]);
});
