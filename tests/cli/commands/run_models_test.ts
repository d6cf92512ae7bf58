import assert from "node:assert/strict";
import type { CatalogEntry, Fit } from "../../../src/api/mod.ts";
import { modelsText } from "../../../src/cli/commands/run_models.ts";
import { findEntry, planText, UnknownModelError } from "../../../src/cli/commands/run_plan.ts";
import { runProgram } from "../../support/program.ts";
import { status } from "../status_of_two.ts";

const solo: Fit = {
  kind: "solo",
  memory: "all",
  needBytes: 6e9,
  haveBytes: 8e9,
  contextLength: 16_384,
  largestContextLength: 40_960,
  nodes: [{ id: status.node.id, share: 1 }],
  reason: "Fits this machine: needs 6.0 GB of 8.0 GB",
};

const split: Fit = {
  ...solo,
  kind: "split",
  memory: "all",
  needBytes: 10e9,
  haveBytes: 12e9,
  nodes: [{ id: status.node.id, share: 0.7 }, { id: status.peers[0]!.id, share: 0.3 }],
  reason: "Fits 2 machines together: needs 10.0 GB of 12.0 GB",
};

const none: Fit = {
  ...solo,
  kind: "none",
  memory: null,
  needBytes: 90e9,
  haveBytes: 12e9,
  largestContextLength: null,
  nodes: [],
  reason: "Does not fit: needs 90.0 GB, and the machines that could share it have 12.0 GB",
};

const after: Fit = {
  ...split,
  stops: [{
    host: status.peers[0]!.id,
    machine: "bo\x1bb",
    model: "guide",
    fingerprint: "f",
    running: true,
    pinned: true,
  }],
  reason: "Would fit 2 machines together if bo\x1bb stopped guide, which its user pinned: " +
    "needs 10.0 GB of 12.0 GB",
};

function entry(changes: Partial<CatalogEntry>): CatalogEntry {
  return {
    id: changes.name ?? "small",
    name: "small",
    fingerprint: null,
    places: ["disk"],
    sizeBytes: 5e9,
    architecture: "qwen3",
    quantisation: "Q4_K_M",
    contextLength: 40_960,
    licence: null,
    repository: null,
    vision: false,
    state: "cold",
    fit: solo,
    download: null,
    broken: null,
    ...changes,
  };
}

const entries = [
  entry({ state: "warm" }),
  entry({ name: "broken", fit: null, broken: "/models/broken.gguf is cut off after 12 bytes" }),
  entry({ name: "big", places: ["mesh", "catalog"], sizeBytes: 9e9, fit: split }),
  entry({
    name: "listed",
    places: ["catalog"],
    download: {
      state: "paused",
      receivedBytes: 1e9,
      totalBytes: 5e9,
      bytesPerSecond: 0,
      secondsLeft: null,
      error: null,
    },
  }),
  entry({ name: "huge", places: ["catalog"], sizeBytes: 80e9, fit: none }),
];

Deno.test("modelsText() shows each model where it is nearest, and hides what fits nowhere", () => {
  assert.equal(
    modelsText(entries, { all: false }),
    `On this machine
MODEL  SIZE    STATE  FITS
small  5.0 GB  ready  alone (6.0 GB)

Elsewhere in the mesh
MODEL  SIZE    FITS
big    9.0 GB  split over 2 (10.0 GB)

To download (mesh-llm download NAME)
MODEL   SIZE    STATE        FITS
listed  5.0 GB  paused 20 %  alone (6.0 GB)

1 more model of the catalog needs more memory: mesh-llm models --all

Can't be used
/models/broken.gguf is cut off after 12 bytes
`,
  );
});

Deno.test("modelsText() with all shows what fits nowhere with both numbers", () => {
  const text = modelsText(entries, { all: true });
  assert.match(text, /huge +80\.0 GB +- +no: needs 90\.0 GB, has 12\.0 GB\n/);
  assert.doesNotMatch(text, /--all/);
});

Deno.test("planText() shows the shares of a split by the machines' names", () => {
  assert.equal(
    planText(entry({ name: "big", sizeBytes: 9e9, fit: split }), status),
    `big (9.0 GB) needs 10.0 GB of memory with a context of 16,384 tokens
Fits 2 machines together: needs 10.0 GB of 12.0 GB

MACHINE             SHARE  MEMORY
anna (this) (host)  70 %   7.0 GB
bo b                30 %   3.0 GB

Largest context that fits: 40,960 tokens
`,
  );
});

Deno.test("modelsText() names what would have to stop, and promises nothing of a model that waits", () => {
  const [stop] = after.stops ?? [];
  const text = modelsText([
    entry({ name: "after", fit: after }),
    entry({ name: "two", fit: { ...after, stops: [stop!, { ...stop!, model: "chat" }] } }),
    entry({
      name: "kept",
      fit: { ...after, stops: [{ ...stop!, machine: "tower", running: false, pinned: false }] },
    }),
    entry({ name: "waits", fit: split, state: "waiting" }),
    entry({ name: "waits-for", fit: after, state: "waiting" }),
    entry({ name: "hopeless", fit: none, state: "waiting" }),
    entry({ name: "next", fit: after, state: "turn" }),
  ], { all: false });
  assert.equal(
    text,
    `On this machine
MODEL      SIZE    STATE           FITS
after      5.0 GB  -               if bo b stops guide, pinned (10.0 GB)
two        5.0 GB  -               if 2 models stop (10.0 GB)
kept       5.0 GB  -               if tower gives up guide (10.0 GB)
waits      5.0 GB  waiting         waits (10.0 GB)
waits-for  5.0 GB  waiting         if bo b stops guide, pinned (10.0 GB)
hopeless   5.0 GB  waiting         no: needs 90.0 GB, has 12.0 GB
next       5.0 GB  waits its turn  its turn comes (10.0 GB)
`,
  );
});

Deno.test("planText() says what would have to stop, and that a model waits", () => {
  assert.match(
    planText(entry({ name: "big", fit: after, state: "waiting" }), status),
    /\nIt waits\. Would fit 2 machines together if bo b stopped guide, which its user pinned: needs 10\.0 GB of 12\.0 GB\n/,
  );
});

Deno.test("planText() says both numbers where nothing fits", () => {
  assert.equal(
    planText(entry({ name: "huge", sizeBytes: 80e9, fit: none }), status),
    `huge (80.0 GB) needs 90.0 GB of memory with a context of 16,384 tokens
Does not fit: needs 90.0 GB, and the machines that could share it have 12.0 GB
`,
  );
});

Deno.test("findEntry() takes any letter case, names the nearest, and the reason of a broken file", () => {
  assert.equal(findEntry(entries, "Small").name, "small");
  const says = (name: string) => {
    try {
      return findEntry(entries, name).name;
    } catch (error) {
      assert.ok(error instanceof UnknownModelError);
      return error.message;
    }
  };
  assert.match(says("smalk"), /did you mean small\?/);
  assert.match(says("unheard-of"), /mesh-llm models lists them/);
  assert.match(says("broken"), /cut off after 12 bytes/);
});

// Two files of one name were one row each of the same name, and the plan was that of the first.
Deno.test("models and plan tell models of one name apart by their ids", () => {
  const [a, b] = ["aa", "bb"].map((digits) => digits.repeat(32));
  assert.ok(a !== undefined && b !== undefined);
  const twin = (fingerprint: string, places: CatalogEntry["places"]) =>
    entry({ id: `twin@${fingerprint.slice(0, 8)}`, name: "twin", fingerprint, places });
  const own = [twin(a, ["disk"]), twin(b, ["mesh"])];
  assert.match(modelsText(own, { all: false }), /^twin@aaaaaaaa .*twin@bbbbbbbb /ms);
  assert.equal(findEntry(own, "twin").fingerprint, a, "its own");
  assert.equal(findEntry(own, "twin@bbbbbbbb").fingerprint, b);
  assert.equal(findEntry(own, `twin@${b}`).fingerprint, b);
  assert.match(planText(findEntry(own, "twin@bbbbbbbb"), null), /^twin@bbbbbbbb \(/);
  for (const places of [["disk"], ["mesh"]] as const) {
    const both = [twin(a, [...places]), twin(b, [...places])];
    assert.throws(() => findEntry(both, "Twin"), /twin@aaaaaaaa, twin@bbbbbbbb/);
  }
  assert.throws(() => findEntry(own, "twin@cccccccc"), UnknownModelError);
});

Deno.test("main models and plan answer where no node runs, from this disk alone", async () => {
  const listing = await runProgram(["models", "--json"]);
  assert.deepEqual([listing.code, listing.stderr], [0, ""]);
  const guide = (JSON.parse(listing.stdout) as CatalogEntry[]).find(({ name }) => name === "guide");
  assert.deepEqual(guide?.places, ["disk"]);
  assert.equal(guide?.fit?.kind, "solo");
  const plan = await runProgram(["plan", "guide"]);
  assert.match(plan.stdout, /^guide \(1\.5 MB\) needs [\d.]+ MB of memory with a context of 2,048/);
});
