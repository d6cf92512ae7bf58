/** The path of this executable that stays when a package manager puts a later version beside this one. */

import { delimiter, isAbsolute, join } from "node:path";

/**
 * Homebrew and the like link the version that counts into a folder of PATH, and remove the others.
 * @param executable without links
 */
export async function stablePath(executable: string, path: string | undefined): Promise<string> {
  const folders = (path ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const candidate = join(folder, "mesh-llm");
    if (await Deno.realPath(candidate).catch(() => null) === executable) return candidate;
  }
  return executable;
}
