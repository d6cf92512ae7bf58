import type { Clock, Mesh } from "../../mesh/mod.ts";
import { FIRST_VIEW_MS } from "../plan/defaults.ts";

/** Waits until somebody of the mesh was heard of, but not for ever: the mesh may be gone. */
export async function firstView(
  mesh: Pick<Mesh, "members" | "subscribe">,
  signal: AbortSignal,
  after: Clock["after"],
): Promise<void> {
  if (mesh.members().length > 0 || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = after(FIRST_VIEW_MS, resolve);
  const unsubscribe = mesh.subscribe(() => mesh.members().length > 0 && resolve());
  signal.addEventListener("abort", () => resolve(), { once: true });
  try {
    await promise;
  } finally {
    cancel();
    unsubscribe();
  }
}
