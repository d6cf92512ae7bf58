import assert from "node:assert/strict";
import { AddonMissingError, placeAddon } from "../../scripts/addon.ts";
import { findTarget } from "../../scripts/targets.ts";
import { temporaryFolder } from "../support/program.ts";

const { addon } = findTarget(Deno.build.target)!;

Deno.test("placeAddon() puts this platform's addon where the executable looks for it", async () => {
  await using folder = await temporaryFolder();
  await placeAddon(addon, folder.path);
  const manifest = JSON.parse(await Deno.readTextFile(`${folder.path}/${addon}/package.json`));
  const { size } = await Deno.stat(`${folder.path}/${addon}/${manifest.main}`);
  assert.ok(size > 1_000_000);
});

Deno.test("placeAddon() fetches nothing that the transport does not name", async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(placeAddon("@chainsafe/other", folder.path), AddonMissingError);
});
