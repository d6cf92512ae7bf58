import type { LanMesh } from "../base/lan.ts";
import { PairingError } from "../base/pairing.ts";

/** The mesh that a person means, by its name or short id. Pure. @throws {PairingError} that names those that are there. */
export function chooseMesh(meshes: readonly LanMesh[], asked: string): LanMesh {
  const text = asked.trim().toLowerCase();
  const found = meshes.filter(({ name, shortId }) =>
    shortId === text || name.toLowerCase() === text
  );
  const [mesh] = found;
  if (mesh !== undefined && found.length === 1) return mesh;
  throw new PairingError("unknown-mesh", found.length > 1 ? several(found) : unknown(meshes));
}

/** As people name it where there is another one of its name. */
export function named({ name, shortId }: LanMesh): string {
  return `${name} (${shortId})`;
}

function several(found: readonly LanMesh[]): string {
  return `Several meshes here have this name, name one by its number: ${
    found.map(named).join(", ")
  }`;
}

function unknown(meshes: readonly LanMesh[]): string {
  return meshes.length === 0
    ? "No other mesh is on this network: start mesh-llm on the other machine, without --no-lan"
    : `No mesh of that name is on this network. Here are: ${meshes.map(named).join(", ")}`;
}
