import assert from "node:assert/strict";
import {
  type Fit,
  ModelRefusedError,
  SettingsChangedError,
  SettingsRefusedError,
} from "../../../src/api/mod.ts";
import type { LocalModel, ShapeSettings } from "../../../src/models/mod.ts";
import { KeptSettings } from "../../../src/node/data/kept_settings.ts";
import { SettingsManager } from "../../../src/node/models/settings_manager.ts";
import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import { settingsLookup } from "../../../src/node/plan/model_settings.ts";
import { temporaryFolder } from "../../support/program.ts";

const file = (name: string, digit: string) =>
  ({ name, fingerprint: digit.repeat(64), sizeBytes: 1 }) as LocalModel;
const FILES = [file("m", "a"), file("small", "b"), file("twin", "c"), file("twin", "d")];
const GPU = { name: "CUDA0", description: "", totalBytes: 1, freeBytes: 1 };

async function setUp({ perModel = {}, most = Infinity } = {}) {
  const folder = await temporaryFolder();
  const kept = await KeptSettings.open(folder.path, { warn: assert.fail });
  const serving = { ...SERVING_DEFAULTS, perModel };
  const done: string[] = [];
  const settingsOf = settingsLookup(serving, () => kept.byModel);
  const fitWith = (_: LocalModel, { contextLength }: ShapeSettings) =>
    ({
      kind: (contextLength ?? 0) > most ? "none" : "solo",
      reason: "It needs more memory.",
    }) as Fit;
  const manager = new SettingsManager({
    kept,
    configured: settingsLookup(serving),
    settingsOf,
    engine: {
      llamaServerFlags: new Set(["--temp", "--top-k"]),
      devices: [GPU],
      leftOut: [],
      build: "b1",
    } as never,
    onDisk: () => FILES,
    elsewhere: () => ["listed"],
    fitWith,
    instances: ({ name }) =>
      name !== "m" ? [] : [
        { isOwn: false, machines: ["eve", "bob"] },
        { isOwn: true, machines: ["ann", "bob"] },
        { isOwn: false, machines: ["eve"] },
      ],
    changed: () => done.push("changed"),
    pin: (id, isPinned) => done.push(`${isPinned ? "pin" : "unpin"} ${id}`),
  });
  return {
    manager,
    kept,
    done,
    settingsOf,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("SettingsManager changes single settings over those of config.toml, and null takes them back", async () => {
  await using node = await setUp({ perModel: { m: { contextLength: 1_024, pin: true } } });
  const { manager } = node;
  assert.deepEqual(manager.read("m").settings, {
    ctx: 1_024,
    parallel: "auto",
    aliases: [],
    draft: "auto",
    "idle_unload": "never",
    pin: true,
    device: "auto",
    args: [],
  });
  const settings = { ctx: 2_048, args: ["--temp=0"], device: ["CUDA0"], draft: "small" };
  const view = await manager.change("m", { settings, revision: 0 });
  assert.deepEqual(view.changed, { ...settings, args: ["--temp", "0"] });
  assert.equal(view.settings.ctx, 2_048);
  assert.equal(view.configured.ctx, 1_024);
  assert.equal(node.settingsOf(FILES[0]!).contextLength, 2_048);
  assert.deepEqual(manager.changed(), { m: view.changed });
  const later = await manager.change("m", { settings: { ctx: null, device: null, pin: false } });
  assert.deepEqual(later.changed, { args: ["--temp", "0"], draft: "small", pin: false });
  const reset = await manager.reset("m", later.revision);
  assert.deepEqual([reset.changed, reset.revision], [{}, 0]);
  assert.deepEqual(node.done, ["changed", "changed", "unpin m", "changed", "pin m"]);
});

Deno.test("SettingsManager says on which machines a model is loaded anew for a change", async () => {
  await using node = await setUp();
  const { manager } = node;
  const effect = async (model: string, settings: Record<string, unknown>) => {
    const { reloads, elsewhere } = await manager.change(model, { settings });
    return [reloads, elsewhere];
  };
  const anew = [["ann", "bob"], ["eve", "bob"]];
  assert.deepEqual(await effect("m", { ctx: 512 }), anew);
  assert.deepEqual(await effect("m", { ctx: 512 }), [[], []], "as before");
  assert.deepEqual(await effect("m", { aliases: ["a"], idle_unload: "1h" }), [[], []]);
  assert.deepEqual(await effect("small", { ctx: 512 }), [[], []], "not loaded");
  assert.deepEqual(await effect("listed", { ctx: 512 }), [[], []], "not on this disk");
  const { reloads, elsewhere } = await manager.reset("m");
  assert.deepEqual([reloads, elsewhere], anew);
  assert.deepEqual(manager.read("m").reloads, []);
});

Deno.test("SettingsManager refuses a change of what another one has changed, with what is there now", async () => {
  await using node = await setUp();
  const { manager } = node;
  const [first, second] = await Promise.allSettled([
    manager.change("m", { settings: { ctx: 1 }, revision: 0 }),
    manager.change("m", { settings: { ctx: 2 }, revision: 0 }),
  ]);
  assert.equal(first.status, "fulfilled");
  assert.ok(second.status === "rejected" && second.reason instanceof SettingsChangedError);
  assert.deepEqual(second.reason.present, manager.read("m"));
  assert.equal(manager.read("m").settings.ctx, 1);
  await manager.change("small", { settings: { ctx: 3 }, revision: 0 });
  await assert.rejects(manager.reset("m", 7), SettingsChangedError);
});

Deno.test("SettingsManager refuses by a sentence, and changes nothing", async () => {
  await using node = await setUp({ most: 4_096 });
  const { manager } = node;
  await manager.change("m", { settings: { ctx: 512 } });
  const before = manager.read("m");
  const table: [string, Record<string, unknown>, RegExp][] = [
    ["m", { color: "red" }, /^There is no setting "color": the settings of a model are ctx, /],
    ["m", { color: null }, /^There is no setting "color"/],
    ["m", { ctx: 0 }, /^ctx must be a whole number .*: 0 was given$/],
    ["m", { ctx: 1_024, pin: "yes" }, /^pin must be true or false: "yes" was given$/],
    ["m", { args: "--temp 0" }, /^args must be a list of texts/],
    ["m", { args: ["--log-file", "/x"] }, /^args --log-file is refused/],
    ["m", { args: ["--lora", "/x"] }, /^args --lora is refused here: only config.toml/],
    ["m", { args: ["--min-p", "0"] }, /^args: llama-server of build b1 has no argument --min-p$/],
    ["m", { device: ["CUDA1"] }, /^device: this machine does not have CUDA1; it uses CUDA0$/],
    ["m", { draft: "/etc/passwd" }, /^draft: there is no model \/etc\/passwd on this machine/],
    ["m", { draft: "https://example.org/x.gguf" }, /^draft: there is no model /],
    ["m", { ctx: 8_192 }, /^m can't have these settings. It needs more memory.$/],
    ["listed", { pin: true }, /^listed is not on this machine's disk, so it can't be pinned/],
    ["other", { ctx: 1 }, /^There is no model other that this node knows$/],
    ["../m", { ctx: 1 }, /^There is no model /],
    ["twin", { ctx: 1 }, /^twin may be one of several .*, twin@cccccccc, twin@dddddddd$/],
  ];
  node.done.length = 0;
  for (const [model, settings, sentence] of table) {
    await assert.rejects(manager.change(model, { settings }), (error: Error) => {
      assert.match(error.message, sentence);
      return error instanceof SettingsRefusedError || error instanceof ModelRefusedError;
    }, JSON.stringify(settings));
  }
  assert.deepEqual(manager.read("m"), before);
  assert.deepEqual(node.done, []);
});

Deno.test("SettingsManager keeps the settings of one of two files of a name, and of models of the catalog", async () => {
  await using node = await setUp();
  const { manager } = node;
  await manager.change("twin@cccccccc", { settings: { ctx: 1 } });
  assert.equal(manager.read("twin@cccccccc").settings.ctx, 1);
  assert.equal(manager.read("twin@dddddddd").settings.ctx, "auto");
  await manager.change("listed", { settings: { parallel: 2 } });
  assert.equal(node.settingsOf({ name: "listed" }).slots, 2);
  // It was the only one of its name when this was said.
  await node.kept.change("twin", () => ({ slots: 3 }));
  assert.equal(manager.read("twin@dddddddd").settings.parallel, 3);
  await manager.reset("twin");
  assert.equal(manager.read("twin@dddddddd").settings.parallel, "auto");
});
