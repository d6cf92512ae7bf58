import assert from "node:assert/strict";
import {
  actionsOf,
  consequence,
  downloadText,
  fitText,
  type Place,
  sectionsOf,
  visionModels,
} from "../../console/src/lib/catalog_view.ts";
import { MINI, SELF } from "../support/console_status.ts";
import type { CatalogEntry, Fit } from "../../src/api/base/types.ts";
import { AFTER, entry, RUNNING, SOLO, SPLIT, TOO_LARGE } from "../support/catalog_entries.ts";

const PLACE: Place = {
  self: SELF,
  isClient: false,
  own: ["guide", "embed"],
  revisions: new Map(),
  names: new Map([[SELF, "studio"], [MINI, "mini"]]),
};

const plain = (text: string | null | undefined) => text?.replaceAll("\u00a0", " ");

Deno.test("models are grouped by what they do and where they are, and can be searched", () => {
  const entries = [
    entry({ name: "a", state: "warm" }),
    entry({ name: "b", places: ["disk", "catalog"] }),
    entry({ name: "c", places: ["mesh"] }),
    entry({ name: "d" }),
    entry({ name: "e", download: RUNNING }),
    entry({ name: "f", fit: TOO_LARGE, architecture: "deepseek2" }),
  ];
  const shown = (text: string, fitting = false) =>
    sectionsOf(entries, { text, fitting }).map(({ name, entries }) =>
      `${name}: ${entries.map(({ name }) => name).join(" ")}`
    );
  assert.deepEqual(shown(""), ["served: a", "arriving: e", "disk: b", "mesh: c", "catalog: d f"]);
  assert.deepEqual(shown("DEEPSEEK2"), ["catalog: f"]);
  assert.deepEqual(shown("deepseek2 q4_k_m"), ["catalog: f"]);
  assert.deepEqual(shown("", true).at(-1), "catalog: d");
  assert.deepEqual(shown("nothing like it"), []);
});

Deno.test("fitText() says where and why", () => {
  const words = (fit: Parameters<typeof fitText>[0]) => {
    const { short, long } = fitText(fit, PLACE);
    return [plain(short), plain(long)];
  };
  assert.deepEqual(words(SOLO), ["Fits here", "needs 6 GB"]);
  assert.deepEqual(words({ ...SOLO, nodes: [{ id: MINI, share: 1 }] })[0], "Fits on mini");
  assert.deepEqual(words(SPLIT), [
    "Fits split over 2 machines",
    "needs 30 GB: 60 % here and 40 % on mini",
  ]);
  assert.deepEqual(words(TOO_LARGE), ["Does not fit", "Does not fit: needs 430.0 GB"]);
  assert.equal(words(null)[0], "Not known yet");
});

Deno.test("fitText() names what would have to stop, and never says of a model that waits that it fits", () => {
  const words = (fit: Fit, state: CatalogEntry["state"] = "cold") => {
    const { kind, short, long } = fitText(fit, PLACE, state);
    return [kind, plain(short), plain(long)];
  };
  assert.deepEqual(words(AFTER), [
    "after",
    "Would fit if mini stopped guide",
    "needs 30 GB: 60 % here and 40 % on mini",
  ]);
  assert.deepEqual(words(AFTER, "waiting")[0], "after");
  const [stop] = AFTER.stops ?? [];
  const pinned = { ...stop!, host: SELF, pinned: true, running: false };
  assert.equal(
    words({ ...AFTER, stops: [stop!, pinned] })[1],
    "Would fit if mini stopped guide and this machine gave up guide (pinned by its user)",
  );
  for (const fit of [SOLO, SPLIT, TOO_LARGE]) {
    assert.deepEqual(words(fit, "waiting"), ["waits", "Waits for memory", plain(fit.reason)]);
  }
});

Deno.test("only what fits now passes as fitting", () => {
  const names = (...entries: CatalogEntry[]) =>
    sectionsOf(entries, { text: "", fitting: true }).flatMap(({ entries }) =>
      entries.map(({ name }) => name)
    );
  assert.deepEqual(
    names(
      entry({ name: "fits" }),
      entry({ name: "after", fit: AFTER }),
      entry({ name: "waits", fit: SPLIT, state: "waiting" }),
      entry({ name: "unread", fit: null }),
    ),
    ["fits", "unread"],
  );
});

Deno.test("consequence() says what will happen before it happens", () => {
  const big = entry({ name: "big", fit: SPLIT });
  assert.equal(
    plain(consequence("serve", big, PLACE)),
    "big will be split over 2 machines: 60 % here and 40 % on mini.",
  );
  assert.equal(
    plain(consequence("serve", entry({ name: "big" }), PLACE)),
    "big will run on this machine alone.",
  );
  assert.match(
    plain(consequence("serve", entry({ fit: TOO_LARGE }), PLACE)) ?? "",
    /will wait for memory: it needs 430 GB, and there are 36 GB/,
  );
  const after = entry({ name: "big", fit: AFTER });
  assert.equal(
    plain(consequence("serve", after, PLACE)),
    "big will wait for memory. It would fit if mini stopped guide.",
  );
  assert.match(
    plain(consequence("download", after, PLACE)) ?? "",
    /It would fit if mini stopped guide\.$/,
  );
  const [stop] = AFTER.stops ?? [];
  const here = { ...SOLO, stops: [{ ...stop!, host: SELF }] };
  assert.equal(
    plain(consequence("serve", entry({ name: "big", fit: here }), PLACE)),
    "big will run on this machine alone. guide stops on this machine first.",
  );
  assert.match(
    plain(consequence("download", big, PLACE)) ?? "",
    /^5 GB will be downloaded from unsloth\/Qwen3-8B-GGUF\. Its licence is apache-2\.0\./,
  );
  assert.equal(consequence("pause", big, PLACE), null);
});

Deno.test("actionsOf() offers what this node can do", () => {
  const actions = (of: Parameters<typeof entry>[0], place = PLACE) =>
    actionsOf(entry(of), place).join(" ");
  assert.equal(actions({}), "download");
  assert.equal(actions({ places: ["disk"] }), "serve");
  assert.equal(actions({ places: ["mesh"] }), "");
  assert.equal(actions({ name: "guide", places: ["disk"], state: "warm" }), "drop");
  assert.equal(actions({ name: "embed", places: ["disk"], state: "warm" }), "drop");
  assert.equal(actions({ download: RUNNING }), "pause cancel");
  assert.equal(actions({ download: { ...RUNNING, state: "failed" } }), "resume cancel");
  assert.equal(actions({ places: ["disk"], broken: "cut short" }), "");
  assert.equal(actions({ places: ["disk"] }, { ...PLACE, isClient: true }), "");
});

Deno.test("actionsOf() tells the model that this node serves from another of its name", () => {
  const twins = ["twin@aaaaaaaa", "twin@bbbbbbbb"].map((id) =>
    entry({ id, name: "twin", places: ["disk"] })
  );
  const place = { ...PLACE, own: ["twin@bbbbbbbb"] };
  assert.deepEqual(twins.map((twin) => actionsOf(twin, place)), [["serve"], ["drop"]]);
});

Deno.test("downloadText() says how far, how fast, and why not", () => {
  assert.equal(plain(downloadText(RUNNING)), "2 GB of 5 GB, 40 MB/s, 1 min 15 s left");
  assert.equal(plain(downloadText({ ...RUNNING, state: "paused" })), "Paused at 2 GB of 5 GB");
  assert.equal(downloadText({ ...RUNNING, state: "failed", error: "Disk full" }), "Disk full");
});

Deno.test("visionModels() names those that read images", () => {
  assert.deepEqual([...visionModels([entry({ name: "a", vision: true }), entry()])], ["a"]);
});
