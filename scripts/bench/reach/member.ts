import { getLogger } from "@logtape/logtape";
import { MESH_DEFAULTS } from "../../../src/mesh/config.ts";
import { type Mesh, startMesh, type StartMeshOptions } from "../../../src/mesh/mod.ts";
import { content } from "../../../tests/mesh/content.ts";

export interface BenchMemberOptions extends Pick<StartMeshOptions, "dataDir" | "interfaces"> {
  readonly token: string | null;
}

/** A member that is found by its token and by nothing else. */
export async function startBenchMember(
  { token, ...options }: BenchMemberOptions,
): Promise<Mesh> {
  const mesh = await startMesh({
    ...options,
    config: { ...MESH_DEFAULTS, lan: false, portMapping: false, join: token },
    role: "member",
    name: "bench",
    version: "0.1.0",
    logger: getLogger("bench"),
  });
  mesh.announce(content({ name: "bench" }));
  return mesh;
}

/** Waits by the mesh's own events. */
export async function holdsOn(mesh: Mesh, holds: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = mesh.subscribe(() => holds() && resolve());
  if (!holds()) await promise;
  stop();
}

/** Takes a relay in, and waits until it is connected. */
export async function addRelay(mesh: Mesh, claim: string): Promise<void> {
  await mesh.addRelay(claim);
  await holdsOn(mesh, () => mesh.relays().some(({ connected }) => connected));
}
