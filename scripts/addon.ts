/** The native QUIC addon of one platform. */

import { fetchPackage, PackageMissingError } from "./npm_package.ts";
import { fromRoot } from "./run.ts";

/** The addon could not be had for this platform. */
export class AddonMissingError extends PackageMissingError {
  override name = "AddonMissingError";
}

/**
 * Puts the addon's package into a node_modules folder: from this project's own, where npm installed it for the
 * platform that this is, else from the npm registry.
 */
export async function placeAddon(name: string, nodeModules: string): Promise<void> {
  const target = `${nodeModules}/${name}`;
  await Deno.mkdir(target, { recursive: true });
  const installed = fromRoot(`node_modules/${name}`);
  if (await exists(installed)) return await copyFolder(installed, target);
  await fetchPackage(`${name}@${await wantedVersion(name)}`, target);
}

/** The transport pins its addons to exact versions. */
async function wantedVersion(name: string): Promise<string> {
  const path = fromRoot("node_modules/@chainsafe/libp2p-quic/package.json");
  const { optionalDependencies } = JSON.parse(await Deno.readTextFile(path));
  const version: unknown = optionalDependencies?.[name];
  if (typeof version === "string") return version;
  throw new AddonMissingError(`@chainsafe/libp2p-quic offers no ${name}`);
}

export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
