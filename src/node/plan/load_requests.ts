import { isFinal } from "../../api/mod.ts";
import { isNamed, type ModelContent, ModelIds } from "../../base/model_ids.ts";
import type { Mesh, ModelRef } from "../../mesh/mod.ts";
import { provisionsOf } from "./assignment/memory.ts";
import { isPinned } from "./assignment/running.ts";
import { LOAD_REQUEST_MS } from "./defaults.ts";
import { type Ledger, ledgerOf } from "./ledger.ts";
import { isOff } from "./on_request.ts";
import { prospectsOf } from "./prospects.ts";
import { idsOf } from "./table_ids.ts";
import { belongsTo, instanceOf, type Member, sameModel } from "./view.ts";

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

/**
 * The id of the model that one of these nodes has on its disk and could run alone, by its id or its name in any letter
 * case. One that nobody has is not fetched because a request names it, and what a user has decided is not changed by
 * one: a machine whose user named models lends only the memory that those leave. Pure.
 * @param granted the models that the caller's key names, where it names some
 */
export function modelToRequest(
  asked: string,
  members: readonly Member[],
  granted?: readonly string[],
): string | undefined {
  const ledger = ledgerOf(members);
  const isGranted = (file: ModelContent) => granted?.some((name) => isNamed(name, file)) ?? true;
  const able = members.flatMap((member) => {
    const roomBytes = member.assignable ? member.memoryBytes : roomBeside(member, ledger);
    return member.models.filter((file) =>
      file.needBytes <= roomBytes && mayLoad(member, file) && isGranted(file)
    );
  });
  const found = able.find((file) => isNamed(asked, file)) ??
    able.find((file) => file.name.toLowerCase() === asked.toLowerCase());
  return found && new ModelIds(members.flatMap(({ models }) => models)).idOf(found);
}

/** The memory that its user's models leave, and splits, whatever else it serves meanwhile or is about to end. */
function roomBeside(member: Member, ledger: Ledger): number {
  const { free, held } = provisionsOf(member, ledger);
  return held.filter(({ model }) => !isStaying(member, model))
    .reduce((sum, { gpuBytes, mainBytes }) => sum + gpuBytes + mainBytes, free.memoryBytes);
}

function isStaying(member: Member, model: ModelRef): boolean {
  const isChosen = belongsTo(member, model) && isPinned(member, model.name);
  const isLent = member.obeys.some((one) => one.model !== undefined && sameModel(one.model, model));
  return isChosen || isLent || instanceOf(member, model)?.mode === "split";
}

function mayLoad(
  { targets, dropped, failures, ...member }: Member,
  file: Member["models"][number],
): boolean {
  // A node that is about to serve it, or has a part in it, need not be asked.
  const isAtIt = targets.some((target) => sameModel(target, file));
  return !isAtIt && !isOff(member) && !dropped.some((name) => isNamed(name, file)) &&
    !failures.some(({ model }) => isNamed(model, file));
}

/** Has an active member request the load, for a node that announces nothing. False where nobody has it, or answers. */
export async function requestLoadElsewhere(
  mesh: Pick<Mesh, "refreshRoutes">,
  name: string,
  signal: AbortSignal,
  granted?: readonly string[],
): Promise<boolean> {
  try {
    const table = await mesh.refreshRoutes({ force: true, wanting: name, granted, signal });
    const ids = idsOf(table);
    const meant = ids.canonical(name).toLowerCase();
    const isMeant = (one: string) => ids.canonical(one).toLowerCase() === meant;
    const obstacle = prospectsOf(table).obstacles.find(({ model }) => isMeant(model));
    const isThere = table.instances.some(({ model, state }) =>
      state === "warm" && isMeant(ids.idOf(model))
    );
    // It has been loaded meanwhile, and is not wanted for that any more.
    if (isThere) return true;
    const isHopeless = obstacle !== undefined && isFinal(obstacle);
    return table.wanted.some(isMeant) && !isHopeless;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
