import assert from "node:assert/strict";
import type { LocalModel } from "../../../src/models/mod.ts";
import { cappedModels } from "../../../src/node/report/capped_models.ts";
import { settingsLookup } from "../../../src/node/plan/model_settings.ts";

function file(name: string, trained: number, fingerprint = "f".repeat(64)): LocalModel {
  return { name, fingerprint, header: { contextLength: trained } } as LocalModel;
}

const SMALL = file("small", 2_048);
const LARGE = file("large", 40_960);

interface Case {
  readonly of: string;
  readonly ctx: number | null;
  readonly own?: Readonly<Record<string, number | null>>;
  readonly hosted?: readonly LocalModel[];
  readonly onDisk?: readonly LocalModel[];
  readonly expected: readonly string[];
}

const cases: readonly Case[] = [
  { of: "no number at all", ctx: null, hosted: [SMALL, LARGE], expected: [] },
  { of: "--ctx of those that are hosted", ctx: 8_192, hosted: [SMALL, LARGE], expected: ["small"] },
  { of: "--ctx of one that only lies on the disk", ctx: 8_192, expected: [] },
  { of: "exactly the trained length", ctx: 2_048, hosted: [SMALL], expected: [] },
  {
    of: "its own setting, also on the disk",
    ctx: null,
    own: { small: 4_096 },
    expected: ["small"],
  },
  {
    of: "its own setting in place of --ctx",
    ctx: 8_192,
    own: { small: 1_024 },
    hosted: [SMALL],
    expected: [],
  },
  { of: "auto in place of --ctx", ctx: 8_192, own: { small: null }, hosted: [SMALL], expected: [] },
  {
    of: "a file that does not say it",
    ctx: 9,
    onDisk: [file("x", 0)],
    own: { x: 99 },
    expected: [],
  },
  {
    of: "one of two files of a name",
    ctx: 8_192,
    onDisk: [SMALL, file("small", 1_024, "e".repeat(64))],
    hosted: [SMALL],
    expected: ["small@ffffffff"],
  },
];

for (const { of, ctx, own = {}, hosted = [], onDisk = [SMALL, LARGE], expected } of cases) {
  Deno.test(`cappedModels() finds ${expected.length === 0 ? "none" : expected} for ${of}`, () => {
    const perModel = Object.fromEntries(
      Object.entries(own).map(([name, contextLength]) => [name, { contextLength }]),
    );
    const common = { contextLength: ctx, slots: null, draft: "auto", idleUnloadMs: null } as const;
    const settingsOf = settingsLookup({ ...common, perModel });
    const found = cappedModels({ onDisk, hosted, settingsOf, commonContext: ctx });
    assert.deepEqual(found.map(({ model }) => model), expected);
    for (const { note, trained } of found) {
      assert.match(note, RegExp(trained.toLocaleString("en-GB")));
    }
  });
}
