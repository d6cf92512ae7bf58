import type { ClaimReason, ModelRef } from "../../../mesh/mod.ts";
import { belongsTo, instanceOf, type Member, needOf, sameModel } from "../view.ts";
import { mayServe, offersOf, refOf } from "./fits.ts";
import { forcedSplits, helpOf, joinSplit, oneMore } from "./fill_up.ts";
import { hotModels, roomForHot, spareReplica } from "./hot.ts";
import type { MemberMemory } from "./memory.ts";
import { type Gift, type Item, Place } from "./places.ts";
import { bestOf, type Edges, edgesOf, leavingFor, LEVELS, Placing } from "./placing.ts";
import type { Stock } from "./stock.ts";
import { callTeam, type Lender, type TeamInput, teamOf } from "./teams.ts";
import { type Waiting, waitingModels } from "./waiting.ts";
import { turnsAt } from "../turns.ts";
import { yieldingTo } from "./yielding.ts";
import type { Assignments, Downloadable } from "./assignments.ts";

/**
 * The work that each member is to begin: for members that have memory left, or that may give something up, in the order
 * in which it matters. Every node computes the same from the same view; members that are not in it go on.
 * @param gapsMs by name, for how long a model has been wanted and not been served
 */
export function assign(
  stock: Stock,
  catalog: readonly Downloadable[],
  gapsMs: ReadonlyMap<string, number> = new Map(),
): Assignments {
  const round = new Round(stock, catalog, gapsMs);
  round.keepClaims();
  round.helpWaiting();
  round.fillGaps();
  round.relieveHotModels();
  round.lendGpus();
  round.fillUp();
  return round.assignments;
}

class Round {
  readonly #stock: Stock;
  readonly #places: readonly Place[];
  readonly #hot: readonly string[];
  readonly #waiting: readonly Waiting[];
  readonly #catalog: readonly Downloadable[];
  readonly #gapsMs: ReadonlyMap<string, number>;

  constructor(
    stock: Stock,
    catalog: readonly Downloadable[],
    gapsMs: ReadonlyMap<string, number>,
  ) {
    this.#gapsMs = gapsMs;
    this.#stock = stock;
    this.#catalog = catalog;
    this.#places = stock.members.map((member) => new Place(member, stock));
    this.#hot = hotModels(stock);
    this.#waiting = waitingModels(stock.members);
  }

  get assignments(): Assignments {
    const given = this.#places.map((place) => [place.member.peer, place.assignments()] as const);
    return new Map(given.filter(([, list]) => list.length > 0));
  }

  /** Claims that were made in time stay. */
  keepClaims(): void {
    for (const place of this.#places) {
      for (const { model: name, reason } of this.#stock.claims.get(place.member.peer) ?? []) {
        const file = place.member.models.find((one) =>
          one.name === name && mayServe(place.member, one)
        );
        const offer = this.#catalog.find((one) => one.name === name);
        const model = file === undefined ? null : refOf(file);
        const bytes = file?.needBytes ?? offer?.needBytes ?? 0;
        place.give({ name, model, reason, bytes }, "fixed");
      }
    }
  }

  /** A model that its user's own machines can't hold: one that can, or just enough helpers. */
  helpWaiting(): void {
    for (const { model, group } of this.#waiting) {
      if (this.#stock.providers.has(model.name)) continue;
      const edges = this.#edges([model.name], []).get(model.name) ?? [];
      const alone = bestOf(edges, LEVELS.spare);
      if (alone !== undefined) {
        alone.place.give({ ...alone, reason: "memory" }, "fixed", leavingFor(alone));
        continue;
      }
      const needBytes = needOf(group, model);
      this.#callTeam({ model, group, reason: "memory", needBytes });
    }
  }

  fillGaps(): void {
    const { wanted, providers } = this.#stock;
    const given = new Set([...this.assignments.values()].flat().map(({ name }) => name));
    const gaps = wanted.filter((name) => !providers.has(name) && !given.has(name));
    if (gaps.length === 0) return;
    const movable = this.#places.flatMap(({ items }) =>
      items.filter(({ kind }) => kind === "needed").map(({ name }) => name)
    );
    const edges = this.#edges(new Set([...gaps, ...movable]), this.#catalog);
    const open = new Placing(edges, gaps, this.#gapsMs).place();
    const turns = this.#turns(open);
    this.#fillTogether(open.filter((name) => !turns.has(name)));
  }

  /** One more instance, where the ones that are warm have more to do than they should. */
  relieveHotModels(): void {
    if (this.#hot.length === 0) return;
    const edges = this.#edges(this.#hot, this.#catalog);
    for (const name of this.#hot) {
      const able = edges.get(name) ?? [];
      const onDisk = able.filter(({ model }) => model !== null);
      const room = roomForHot(onDisk, this.#hot);
      const replica = room ? undefined : spareReplica(onDisk, this.#stock, this.#places);
      const edge = room ?? replica?.edge ??
        able.find(({ place, model }) => model === null && place.isIdle);
      const leaving = replica === undefined ? [] : [replica.spare];
      edge?.place.give({ ...edge, reason: "hot" }, "fixed", leaving);
    }
  }

  /**
   * A model that one member serves partly from main memory runs faster where free members lend it their GPUs. Those that
   * some have come for are first: no other takes these away before the split has formed.
   */
  lendGpus(): void {
    const come = ({ model }: ModelInMain) =>
      this.#places.filter(({ isIdle, member }) => isIdle && belongsTo(member, model)).length;
    const inMain = this.#places.flatMap((place) => this.#inMainOf(place))
      .map((one) => ({ ...one, come: come(one) }))
      .sort((a, b) => b.come - a.come);
    for (const { model, needBytes } of inMain) this.#lendGpusTo(model, needBytes);
  }

  #inMainOf({ member, free }: Place): ModelInMain[] {
    const { held } = this.#stock.memory.get(member.peer) as MemberMemory;
    return held.flatMap(({ model, gpuBytes, mainBytes }) => {
      const instance = instanceOf(member, model);
      const hasGpu = gpuBytes + free.gpuBytes > 0;
      if (mainBytes === 0 || !hasGpu || instance?.mode !== "solo") return [];
      return [{ model, needBytes: instance.needBytes }];
    });
  }

  /**
   * Members that do nothing wait with a model, or serve one more replica; they and those that have room left join all
   * forced splits.
   */
  fillUp(): void {
    const { providers, wanted, members } = this.#stock;
    const counts = new Map([...providers].map(([name, list]) => [name, list.length]));
    const known = new Set([...wanted, ...providers.keys()]);
    const forced = forcedSplits(members);
    for (const place of this.#places.filter(({ kind }) => kind !== "pinned")) {
      const give = (gift: Gift | undefined) => {
        if (gift === undefined) return;
        place.give(gift, "fixed");
        counts.set(gift.name, (counts.get(gift.name) ?? 0) + 1);
      };
      if (place.isIdle) give(helpOf(place.member, this.#waiting[0]));
      for (const split of forced) give(joinSplit(place, split));
      if (place.isIdle) give(oneMore(place.member, known, counts));
    }
  }

  /** Those that a member serves alone in a while. */
  #turns(open: readonly string[]): ReadonlySet<string> {
    if (open.length === 0) return new Set();
    return new Set(this.#stock.members.flatMap((member) => turnsAt(member, this.#stock)));
  }

  /** Models that no member can serve alone: just enough of the memory that is left. */
  #fillTogether(open: readonly string[]): void {
    for (const name of open) {
      const holders = this.#places.filter(({ member }) =>
        member.models.some((file) => file.name === name)
      ).map(({ member }) => member);
      const files = holders.flatMap(({ models }) => models.filter((file) => file.name === name));
      const [file] = files.sort((a, b) => a.fingerprint < b.fingerprint ? -1 : 1);
      if (file === undefined) continue;
      const model = refOf(file);
      this.#callTeam({ model, group: [], reason: "unserved", needBytes: needOf(holders, model) });
    }
  }

  /** Those who do nothing are asked first, then who has room, then users' machines; last, what replicas hold. */
  #callTeam(call: TeamCall): void {
    const { model, reason } = call;
    const able = this.#places.filter((place) => !place.runs(model.name));
    for (const asked of LENDERS) {
      const leaving = (place: Place) => this.#leavingOf(place, call, asked);
      const lender = (place: Place): Lender => ({
        member: place.member,
        pools: place.roomWithout(leaving(place)),
        isIdle: place.isIdle,
      });
      const group = able.filter(({ member }) => call.group.includes(member)).map(lender);
      // Those who are at it already stay: others that come, or have memory again, change nothing.
      const lenders = able.filter((place) =>
        !call.group.includes(place.member) &&
        (asked.kinds.includes(kindOf(place)) || belongsTo(place.member, model))
      ).map(lender);
      const team = callTeam({ ...call, group, lenders });
      if (team === undefined) continue;
      for (const place of this.#placesOf(team)) {
        giveAll(place, { name: model.name, model, reason }, leaving(place));
      }
      for (const place of this.#placesOf(group)) place.fill();
      return;
    }
  }

  #lendGpusTo(model: ModelRef, needBytes: number): void {
    // Those whose users want it too are in it anyway.
    const group = this.#places.filter(({ member }) =>
      instanceOf(member, model)?.mode === "solo" || (!member.assignable && belongsTo(member, model))
    ).map((place) => this.#lenderAlready(place, model));
    const lenders = this.#places.filter(({ isIdle }) => isIdle)
      .map(({ member, free: pools }): Lender => ({ member, pools, isIdle: true }));
    const team = teamOf({ model, group, lenders, needBytes }, "gpu") ?? [];
    for (const place of this.#placesOf(team)) {
      giveAll(place, { name: model.name, model, reason: "memory" }, []);
    }
  }

  /** Its own part of the model, and what is free beside it. */
  #lenderAlready({ member, free, isIdle }: Place, model: ModelRef): Lender {
    const { held } = this.#stock.memory.get(member.peer) as MemberMemory;
    const own = held.find((one) => sameModel(one.model, model));
    const { gpuBytes = 0, mainBytes = 0 } = own ?? {};
    const pools = {
      gpuBytes: free.gpuBytes + gpuBytes,
      memoryBytes: free.memoryBytes + gpuBytes + mainBytes,
    };
    return { member, pools, isIdle };
  }

  #leavingOf(place: Place, call: TeamCall, { withSpares }: typeof LENDERS[number]): Item[] {
    const { held } = this.#stock.memory.get(place.member.peer) as MemberMemory;
    const yielding = yieldingTo(place.member, held, call);
    const isYielding = ({ name }: Item) => yielding.some((one) => one.name === name);
    return [...yielding, ...(withSpares ? place.spares : []).filter((one) => !isYielding(one))];
  }

  #placesOf(lenders: readonly Lender[]): Place[] {
    const members = new Set(lenders.map(({ member }) => member));
    return this.#places.filter(({ member }) => members.has(member));
  }

  #edges(names: Iterable<string>, offered: readonly Downloadable[]): Edges {
    const wanted = new Set(names);
    return edgesOf(wanted, this.#places, offersOf(wanted, this.#stock.members, offered));
  }
}

type ModelInMain = Pick<TeamInput, "model" | "needBytes">;

interface TeamCall extends Pick<TeamInput, "model" | "needBytes"> {
  readonly group: readonly Member[];
  readonly reason: ClaimReason;
}

type Kind = Place["kind"];

const LENDERS: readonly { readonly kinds: readonly Kind[]; readonly withSpares: boolean }[] = [
  { kinds: ["idle"], withSpares: false },
  { kinds: ["idle", "busy"], withSpares: false },
  { kinds: ["idle", "busy", "pinned"], withSpares: false },
  { kinds: ["idle", "busy", "pinned"], withSpares: true },
];

/** One that was given something a moment ago is idle no longer. */
function kindOf({ kind, isIdle }: Place): Kind {
  return kind === "idle" && !isIdle ? "busy" : kind;
}

/** Nobody knows yet how large its share will be. */
function giveAll(place: Place, gift: Omit<Gift, "bytes">, leaving: readonly Item[]): void {
  place.give({ ...gift, bytes: place.roomWithout(leaving).memoryBytes }, "fixed", leaving);
}
