/** The folder in which LM Studio keeps models: `publisher/model/file.gguf` below a folder that its settings name. */

import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../base/json.ts";

const settings = z.object({ downloadsFolder: z.string().min(1) });

/** The folder of its settings, that of its present home, and those of earlier versions. Read once, small files. */
export function lmStudioFolders(home: string): string[] {
  const pointed = readText(join(home, ".lmstudio-home-pointer")).split("\n")[0]?.trim();
  const homes = [pointed, join(home, ".lmstudio"), join(home, ".cache/lm-studio")];
  return homes.flatMap((one) => {
    if (one === undefined || one === "") return [];
    const { data } = settings.safeParse(parseJson(readText(join(one, "settings.json"))));
    return [...(data === undefined ? [] : [data.downloadsFolder]), join(one, "models")];
  });
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // not installed, or not ours to read
  }
}
