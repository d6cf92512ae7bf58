import { CATALOG, needBytes } from "../../models/mod.ts";
import type { Downloadable } from "./assignment/assignments.ts";

/** The models that a node may download because the mesh wants them, with the memory that each takes at this context. */
export function downloadables(contextLength: number | null): Downloadable[] {
  return CATALOG.map(({ name, sizeBytes }) => {
    return { name, sizeBytes, needBytes: needBytes({ sizeBytes }, contextLength) };
  });
}
