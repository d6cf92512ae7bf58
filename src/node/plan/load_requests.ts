import { isFinal, type LoadOptions } from "../../api/mod.ts";
import { isNamed, type ModelContent, ModelIds } from "../../base/model_ids.ts";
import type { Mesh } from "../../mesh/mod.ts";
import type { MemoryPools } from "../../models/mod.ts";
import { refOf } from "./assignment/fits.ts";
import type { MemberMemory } from "./assignment/memory.ts";
import { roleIn, type Stock, takeStock } from "./assignment/stock.ts";
import { callTeam, type Lender } from "./assignment/teams.ts";
import { LOAD_REQUEST_MS } from "./defaults.ts";
import { isOff } from "./on_request.ts";
import { memberPools } from "./pools.ts";
import { prospectsOf } from "./prospects.ts";
import { idsOf } from "./table_ids.ts";
import { hasFailed } from "./turns.ts";
import { fileOf, type Member, needOf, sameModel } from "./view.ts";

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
 * The id of the model that one of these nodes has on its disk and could run alone, or else several of them together, by
 * its id or its name in any letter case. One that nobody has is not fetched because a request names it, and what a user has
 * decided is not changed by one: a machine whose user named models lends only the memory that those leave. Pure.
 */
export function modelToRequest(
  asked: string,
  members: readonly Member[],
  { granted, wished = [] }: RequestOptions = {},
): string | undefined {
  const stock = takeStock(members);
  const isGranted = (file: ModelContent) => granted?.some((name) => isNamed(name, file)) ?? true;
  const isWished = (file: ModelContent) => wished.some((name) => isNamed(name, file));
  const lenders = members.map((member): Lender => ({
    member,
    pools: poolsBeside(member, stock),
    isIdle: false,
  }));
  const found =
    fileAmong(asked, lenders.flatMap((one) => aloneOn(one, isWished).filter(isGranted))) ??
      fileAmong(
        asked,
        members.flatMap(({ models }) => models.filter(isGranted)),
        (file) => isForSeveral(file, lenders),
      );
  return found && new ModelIds(members.flatMap(({ models }) => models)).idOf(found);
}

type File = Member["models"][number];

function fileAmong(
  asked: string,
  files: readonly File[],
  isAble: (file: File) => boolean = () => true,
): File | undefined {
  return files.find((file) => isNamed(asked, file) && isAble(file)) ??
    files.find((file) => file.name.toLowerCase() === asked.toLowerCase() && isAble(file));
}

function aloneOn({ member, pools }: Lender, isWished: (file: File) => boolean): File[] {
  return member.models.filter((file) =>
    mayLoad(member, file) &&
    (isWished(file) || (file.needBytes <= pools.memoryBytes && !isAtIt(member, file)))
  );
}

/** It is about to serve the model, or has a part in it: it need not be asked. */
function isAtIt({ targets }: Member, file: ModelContent): boolean {
  return targets.some((target) => sameModel(target, file));
}

/** No single one would be asked, and those that may be have memory for it together. */
function isForSeveral(file: File, lenders: readonly Lender[]): boolean {
  const able = lenders.filter(({ member }) => mayLoad(member, file));
  const holders = able.map(({ member }) => member)
    .filter((member) => fileOf(member, file) !== undefined);
  const needBytes = needOf(holders, file);
  const isAlone = ({ member, pools }: Lender) =>
    holders.includes(member) && needBytes <= pools.memoryBytes;
  // Others can do nothing with a file that failed, or was dropped, wherever it is.
  if (holders.length === 0 || able.some(isAlone)) return false;
  // A node takes a model that rests once somebody asks for it.
  const asked = able.map((one) => ({ ...one, member: { ...one.member, refuses: [] } }));
  return callTeam({ model: refOf(file), group: [], lenders: asked, needBytes }) !== undefined;
}

/** The memory that users' models leave, also those on several machines, whatever else it serves meanwhile or is about to end. */
function poolsBeside(member: Member, stock: Stock): MemoryPools {
  const { free, held } = stock.memory.get(member.peer) as MemberMemory;
  const offered = memberPools(member);
  return held.filter(({ model }) => (roleIn(stock, member, model) ?? "spare") !== "pinned")
    .reduce(({ gpuBytes, memoryBytes }, one) => ({
      gpuBytes: Math.min(offered.gpuBytes, gpuBytes + one.gpuBytes),
      memoryBytes: Math.min(offered.memoryBytes, memoryBytes + one.gpuBytes + one.mainBytes),
    }), free);
}

function mayLoad({ dropped, failures, ...member }: Member, file: File): boolean {
  return !isOff(member) && !dropped.some((name) => isNamed(name, file)) &&
    !hasFailed({ failures }, file);
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
