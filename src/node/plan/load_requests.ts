import { isFinal, type LoadOptions } from "../../api/mod.ts";
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

/**
 * Models that nobody serves and that somebody has asked this node for: wanted of the mesh for a while. It is asked for
 * again as long as a caller waits, so that nobody has to report that one has left. Time is an argument.
 */
export class LoadRequests {
  readonly #untilMs = new Map<string, number>();

  /** When the first of them is over, unless it is asked for again; `null` where there is none. */
  get nextEndMs(): number | null {
    return this.#untilMs.size === 0 ? null : Math.min(...this.#untilMs.values());
  }

  /** The model is wanted, from now on for so long at least. True where it was not. */
  call(name: string, nowMs: number, forMs = LOAD_REQUEST_MS): boolean {
    const before = this.#untilMs.get(name) ?? -Infinity;
    this.#untilMs.set(name, Math.max(before, nowMs + Math.min(forMs, LOAD_REQUEST_MS)));
    return before <= nowMs;
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

export interface RequestOptions {
  /** The models that the caller's key names, where it names some. */
  readonly granted?: readonly string[] | undefined;
  /** Ids of models that are wanted for requests already: a node that is at one of them goes on with it. @default {[]} */
  readonly wished?: readonly string[];
}

/**
 * The id of the model that one of these nodes has on its disk and could run alone, by its id or its name in any letter
 * case. One that nobody has is not fetched because a request names it, and what a user has decided is not changed by
 * one: a machine whose user named models lends only the memory that those leave. Pure.
 */
export function modelToRequest(
  asked: string,
  members: readonly Member[],
  { granted, wished = [] }: RequestOptions = {},
): string | undefined {
  const ledger = ledgerOf(members);
  const isGranted = (file: ModelContent) => granted?.some((name) => isNamed(name, file)) ?? true;
  const isWished = (file: ModelContent) => wished.some((name) => isNamed(name, file));
  const able = members.flatMap((member) => {
    const roomBytes = member.assignable ? member.memoryBytes : roomBeside(member, ledger);
    return member.models.filter((file) =>
      isGranted(file) && mayLoad(member, file) &&
      (isWished(file) || (file.needBytes <= roomBytes && !isAtIt(member, file)))
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

/** It is about to serve the model, or has a part in it: it need not be asked. */
function isAtIt({ targets }: Member, file: ModelContent): boolean {
  return targets.some((target) => sameModel(target, file));
}

function mayLoad({ dropped, failures, ...member }: Member, file: ModelContent): boolean {
  return !isOff(member) && !dropped.some((name) => isNamed(name, file)) &&
    !failures.some(({ model }) => isNamed(model, file));
}

/** Has an active member request the load, for a node that announces nothing. False where nobody has it, or answers. */
export async function requestLoadElsewhere(
  mesh: Pick<Mesh, "refreshRoutes">,
  name: string,
  { signal, granted, forMs }: LoadOptions,
): Promise<boolean> {
  try {
    const table = await mesh.refreshRoutes({ force: true, wanting: name, granted, forMs, signal });
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
