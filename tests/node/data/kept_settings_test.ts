import assert from "node:assert/strict";
import { join } from "node:path";
import { KeptSettings } from "../../../src/node/data/kept_settings.ts";
import { temporaryFolder } from "../../support/program.ts";

const SILENT = { warn: (sentence: string) => assert.fail(sentence) };
const FINGERPRINT = "a".repeat(64);

Deno.test("KeptSettings has after a restart what was changed, with its revisions", async () => {
  await using folder = await temporaryFolder();
  const first = await KeptSettings.open(folder.path, SILENT);
  assert.deepEqual(first.byModel, {});
  await Promise.all([
    first.change("m", () => ({ contextLength: 512, idleUnloadMs: null, args: ["--temp", "0"] })),
    first.change("n", () => ({ ...first.of("m"), draft: false })),
    first.change("m@aaaaaaaa", () => ({ device: [], slots: null })),
  ]);
  await first.change("gone", () => ({ pin: true }));
  await first.change("gone", () => ({}));
  const second = await KeptSettings.open(folder.path, SILENT);
  assert.deepEqual(second.byModel, {
    m: { contextLength: 512, idleUnloadMs: null, args: ["--temp", "0"] },
    n: { contextLength: 512, idleUnloadMs: null, args: ["--temp", "0"], draft: false },
    "m@aaaaaaaa": { device: [], slots: null },
  });
  assert.deepEqual(second.byModel, first.byModel);
  const revisions = ["m", "n", "gone"].map((name) => second.revisionOf({ name }));
  assert.deepEqual(revisions, [1, 2, 0]);
  assert.equal(second.revisionOf({ name: "m", fingerprint: FINGERPRINT }), 3);
  await second.change("gone", () => ({ pin: false }));
  assert.equal(second.revisionOf({ name: "gone" }), 6, "no revision is used twice");
});

Deno.test("KeptSettings changes nothing where a change is refused or the disk takes none", async () => {
  await using folder = await temporaryFolder();
  const dir = join(folder.path, "data");
  await Deno.mkdir(dir);
  const kept = await KeptSettings.open(dir, SILENT);
  await kept.change("m", () => ({ pin: true }));
  const refuse = () => {
    throw new Error("not so");
  };
  await assert.rejects(kept.change("m", refuse), /not so/);
  await Deno.remove(dir, { recursive: true });
  await Deno.writeTextFile(dir, "in the way");
  await assert.rejects(kept.change("m", () => ({ pin: false })));
  assert.deepEqual(kept.byModel, { m: { pin: true } });
  await Deno.remove(dir);
  await kept.change("m", () => ({ pin: false }));
  assert.deepEqual(kept.byModel, { m: { pin: false } });
});

Deno.test("KeptSettings puts a damaged file aside, and leaves out a setting that it may not have", async () => {
  const model = (settings: unknown) => ({ revision: 1, settings });
  const file = (version: number, m: unknown) =>
    JSON.stringify({ version, revision: 1, models: { m, n: model({ pin: true }) } });
  const unread = ["", "nonsense", "[]", file(0, model({})), file(1, 3), file(1, { settings: {} })];
  for (const text of unread) {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model-settings.json");
    await Deno.writeTextFile(path, text);
    const told: string[] = [];
    const kept = await KeptSettings.open(folder.path, { warn: (text) => told.push(text) });
    assert.deepEqual(kept.byModel, {}, text);
    assert.equal(told.length, 1, text);
    assert.equal(await Deno.readTextFile(join(folder.path, "model-settings-unread.json")), text);
  }
  for (const settings of [{ ctx: 0 }, { args: ["--log-file", "/tmp/x"] }, { color: 1 }]) {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model-settings.json");
    await Deno.writeTextFile(path, file(1, model(settings)));
    const told: string[] = [];
    const kept = await KeptSettings.open(folder.path, { warn: (text) => told.push(text) });
    assert.deepEqual(kept.byModel, { n: { pin: true } }, JSON.stringify(settings));
    assert.match(told.join(), /^The settings of m .*does not take its (ctx|args|color)$/);
  }
});
