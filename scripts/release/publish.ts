/** `deno run -A scripts/release/publish.ts TAG`: makes the release's page on GitHub of `dist/release`, by `gh`. */

import { join } from "node:path";
import { fromRoot, run } from "../run.ts";
import { NOTES } from "./names.ts";

/** Words for `gh`. A preliminary version is not the latest one. Pure. */
export function publishArguments(
  tag: string,
  folder: string,
  names: readonly string[],
): readonly string[] {
  const files = names.filter((name) => name !== NOTES).toSorted();
  return [
    "release",
    "create",
    tag,
    "--verify-tag",
    "--title",
    `mesh-llm ${tag.slice(1)}`,
    "--notes-file",
    join(folder, NOTES),
    ...(tag.includes("-") ? ["--prerelease"] : []),
    ...files.map((name) => join(folder, name)),
  ];
}

if (import.meta.main) {
  const [tag = ""] = Deno.args;
  const folder = fromRoot("dist/release");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const { success } = await run("gh", publishArguments(tag, folder, names), { output: "inherit" });
  if (!success) Deno.exit(1);
}
