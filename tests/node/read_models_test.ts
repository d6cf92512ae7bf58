import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import type { ModelOverrides } from "../../src/base/model_settings.ts";
import { NODE_DEFAULTS, withChanges } from "../../src/node/config.ts";
import { KeptChoices } from "../../src/node/data/kept_choices.ts";
import { KeptSettings } from "../../src/node/data/kept_settings.ts";
import { readModels } from "../../src/node/read_models.ts";
import { temporaryFolder } from "../support/program.ts";

interface Start {
  readonly models: readonly string[];
  readonly file?: ModelOverrides;
  readonly changed?: ModelOverrides;
}

/** The models that a node which is started so serves for its user. */
async function pinnedAt({ models, file = {}, changed = {} }: Start): Promise<string[]> {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const keptSettings = await KeptSettings.open(dataDir, { warn: assert.fail });
  await keptSettings.change("guide", () => changed);
  const base = { ...NODE_DEFAULTS, dataDir, name: "ann" };
  const config = withChanges(base, { serving: { models, perModel: { guide: file } } });
  const { pinned, wanted } = await readModels(config, {
    kept: await KeptChoices.open(dataDir),
    keptSettings,
    logger: getLogger("test"),
    signal: new AbortController().signal,
    home: null,
  });
  assert.deepEqual(wanted, pinned.map(({ name }) => name));
  return pinned.map(({ name }) => name);
}

Deno.test("what was pinned or no longer pinned while a node ran counts at its next start, and --model in any case", async () => {
  const table: [Start, string[]][] = [
    [{ models: [] }, []],
    [{ models: [], changed: { pin: true } }, ["guide"]],
    [{ models: ["guide"], changed: { pin: true } }, ["guide"]],
    [{ models: ["guide"], changed: { pin: false } }, ["guide"]],
    // As the command line makes it of the file.
    [{ models: ["guide"], file: { pin: true } }, ["guide"]],
    [{ models: ["guide"], file: { pin: true }, changed: { pin: false } }, []],
    [{ models: ["guide"], file: { pin: true }, changed: { contextLength: 512 } }, ["guide"]],
  ];
  for (const [start, pinned] of table) {
    assert.deepEqual(await pinnedAt(start), pinned, JSON.stringify(start));
  }
});
