import type { Mesh } from "../mesh/mod.ts";
import { FIRST_VIEW_MS } from "./defaults.ts";

/** Waits until somebody of the mesh was heard of, but not for ever: the mesh may be gone. */
export async function firstView(mesh: Mesh, signal: AbortSignal): Promise<void> {
  if (mesh.members().length > 0 || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FIRST_VIEW_MS);
  const unsubscribe = mesh.subscribe(() => mesh.members().length > 0 && resolve());
  signal.addEventListener("abort", () => resolve(), { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
