import type { LanMesh } from "../base/lan.ts";
import { PairingError } from "../base/pairing.ts";

type Named = Pick<LanMesh, "name" | "shortId">;

const NONE =
  "No other mesh is on this network: start mesh-llm on the other machine, without --no-lan";

/**
 * The mesh that a person means, by its name or short id; `null` means the only one there is. Pure.
 * @throws {PairingError} that names those that are there.
 */
export function chooseMesh<Mesh extends Named>(
  meshes: readonly Mesh[],
  asked: string | null,
): Mesh {
  if (asked === null) return onlyMesh(meshes);
  const text = asked.trim().toLowerCase();
  const found = meshes.filter(({ name, shortId }) =>
    shortId === text || name.toLowerCase() === text
  );
  const [mesh] = found;
  if (mesh !== undefined && found.length === 1) return mesh;
  throw new PairingError("unknown-mesh", found.length > 1 ? several(found) : unknown(meshes));
}

/** As people name it where there is another one of its name. */
function named({ name, shortId }: Named): string {
  return `${name} (${shortId})`;
}

function onlyMesh<Mesh extends Named>(meshes: readonly Mesh[]): Mesh {
  const [mesh] = meshes;
  if (mesh !== undefined && meshes.length === 1) return mesh;
  const all = meshes.map(named).join(", ");
  const why = mesh === undefined ? NONE : `Several meshes are on this network, name one: ${all}`;
  throw new PairingError("unknown-mesh", why);
}

function several(found: readonly Named[]): string {
  return `Several meshes here have this name, name one by its number: ${
    found.map(named).join(", ")
  }`;
}

function unknown(meshes: readonly Named[]): string {
  return meshes.length === 0
    ? NONE
    : `No mesh of that name is on this network. Here are: ${meshes.map(named).join(", ")}`;
}
