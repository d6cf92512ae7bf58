import type { Mesh } from "../../mesh/mod.ts";
import { LOAD_REQUEST_MS } from "./defaults.ts";
import { prospectsOf } from "./prospects.ts";
import type { Member } from "./view.ts";

/** Models that nobody serves and that somebody has asked this node for: wanted of the mesh for a while. Time is an argument. */
export class LoadRequests {
  readonly #untilMs = new Map<string, number>();

  /** The model is wanted, from now on for as long as a load may take. */
  call(name: string, nowMs: number): void {
    this.#untilMs.set(name, nowMs + LOAD_REQUEST_MS);
  }

  /** Nobody asks for it any more. */
  end(name: string): void {
    this.#untilMs.delete(name);
  }

  /** The models that are still wanted. */
  names(nowMs: number): string[] {
    for (const [name, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(name);
    }
    return [...this.#untilMs.keys()];
  }
}

export type Loader = Pick<
  Member,
  "models" | "memoryBytes" | "assignable" | "targets" | "dropped" | "failures"
>;

/**
 * The model that one of these nodes has on its disk and could run alone, by its name in any letter case. One that
 * nobody has is not fetched because a request names it, and what a user has decided is not changed by one. Pure.
 */
export function modelToRequest(name: string, members: readonly Loader[]): string | undefined {
  const able = members.flatMap((member) =>
    member.models.filter((file) => couldLoad(member, file)).map((file) => file.name)
  );
  return able.find((one) => one === name) ??
    able.find((one) => one.toLowerCase() === name.toLowerCase());
}

function couldLoad(
  { memoryBytes, assignable, targets, dropped, failures }: Loader,
  { name, needBytes }: Loader["models"][number],
): boolean {
  // A node that is about to serve it, or has a part in it, need not be asked.
  const isAtIt = targets.some((target) => target.name === name);
  return needBytes <= memoryBytes && assignable && !isAtIt &&
    !dropped.includes(name) && !failures.some(({ model }) => model === name);
}

/** Has an active member request the load, for a node that announces nothing. False where nobody has it, or answers. */
export async function requestLoadElsewhere(
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
