import type { Mesh } from "../../mesh/mod.ts";
import { SUMMON_MS } from "./defaults.ts";
import { prospectsOf } from "./prospects.ts";
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

export type Summonable = Pick<
  Member,
  "models" | "memoryBytes" | "assignable" | "target" | "dropped" | "failures"
>;

/**
 * The model that one of these nodes has on its disk and could run alone, by its name in any letter case. One that
 * nobody has is not fetched because a request names it, and what a user has decided is not changed by one. Pure.
 */
export function modelToSummon(name: string, members: readonly Summonable[]): string | undefined {
  const able = members.flatMap((member) =>
    member.models.filter((file) => couldLoad(member, file)).map((file) => file.name)
  );
  return able.find((one) => one === name) ??
    able.find((one) => one.toLowerCase() === name.toLowerCase());
}

function couldLoad(
  { memoryBytes, assignable, target, dropped, failures }: Summonable,
  { name, needBytes }: Summonable["models"][number],
): boolean {
  // Whoever is about to serve it, or has a part in it, need not be asked.
  return needBytes <= memoryBytes && assignable && target?.name !== name &&
    !dropped.includes(name) && !failures.some(({ model }) => model === name);
}

/** Has a member summon the model, for a node that has no voice in the mesh. False where nobody has it, or answers. */
export async function summonByOthers(
  mesh: Pick<Mesh, "refreshRoutes">,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const table = await mesh.refreshRoutes({ force: true, wanting: name, signal });
    const isMeant = (one: string) => one.toLowerCase() === name.toLowerCase();
    const obstacle = prospectsOf(table).obstacles.find(({ model }) => isMeant(model));
    const isHopeless = obstacle?.kind === "failed" || obstacle?.kind === "dropped";
    return table.wanted.some(isMeant) && !isHopeless;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
