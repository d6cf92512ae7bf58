import type { Mesh } from "../mesh/mod.ts";
import { SUMMON_MS } from "./defaults.ts";
import type { Member } from "./view.ts";

/** Models that nobody serves and that somebody has asked this node for: wanted of the mesh for a while. Time is an argument. */
export class Summons {
  readonly #untilMs = new Map<string, number>();

  /** The model is wanted, from now on for as long as a load may take. */
  call(name: string, nowMs: number): void {
    this.#untilMs.set(name, nowMs + SUMMON_MS);
  }

  /** Nobody asks for it any more. */
  end(name: string): void {
    this.#untilMs.delete(name);
  }

  /** What is wanted still. */
  names(nowMs: number): string[] {
    for (const [name, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(name);
    }
    return [...this.#untilMs.keys()];
  }
}

/**
 * The model that one of these nodes has on its disk and could run alone, by its name in any letter case.
 * One that nobody has is not fetched because a request names it. Pure.
 */
export function modelToSummon(
  name: string,
  members: readonly Pick<Member, "models" | "memoryBytes">[],
): string | undefined {
  const able = members.flatMap(({ models, memoryBytes }) =>
    models.filter((file) => file.needBytes <= memoryBytes).map((file) => file.name)
  );
  return able.find((one) => one === name) ??
    able.find((one) => one.toLowerCase() === name.toLowerCase());
}

/** Has a member summon the model, for a node that has no voice in the mesh. False where nobody has it, or answers. */
export async function summonByOthers(
  mesh: Pick<Mesh, "refreshRoutes">,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { wanted } = await mesh.refreshRoutes({ force: true, wanting: name, signal });
    return wanted.some((one) => one.toLowerCase() === name.toLowerCase());
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
