/** Packages that no install brings, straight from the npm registry. */

import { dirname } from "node:path";
import { run } from "./run.ts";

/** The package could not be had. */
export class PackageMissingError extends Error {
  override name = "PackageMissingError";
}

/**
 * Unpacks a package into an empty folder, without what it depends on, and without running anything of it.
 * @throws {PackageMissingError}
 */
export async function fetchPackage(specifier: string, target: string): Promise<void> {
  const args = ["pack", "--loglevel=error", "--pack-destination", dirname(target), specifier];
  const packed = await run("npm", args, { output: "capture" }).catch((cause) => {
    throw new PackageMissingError(`npm is needed for ${specifier}, and can't be run here`, {
      cause,
    });
  });
  const archive = `${dirname(target)}/${packed.stdout.trim()}`;
  if (!packed.success) {
    throw new PackageMissingError(`npm could not fetch ${specifier}: ${packed.text.trim()}`);
  }
  const unpack = ["-xzf", archive, "-C", target, "--strip-components=1"];
  const unpacked = await run("tar", unpack, { output: "capture" });
  if (!unpacked.success) throw new PackageMissingError(`${archive} is broken: ${unpacked.text}`);
  await Deno.remove(archive);
}
