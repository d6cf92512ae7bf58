import type { ModelRef, PeerId } from "../../../mesh/mod.ts";
import { belongsTo, instanceOf, needOf, sameModel } from "../view.ts";
import { mayServe, offersOf, refOf } from "./fits.ts";
import { forcedSplits, helpOf, joinSplit, oneMore } from "./fill_up.ts";
import { hotModels, roomForHot, spareReplica } from "./hot.ts";
import { GapOrder } from "./gap_order.ts";
import type { MemberMemory } from "./memory.ts";
import { type Gift, Place } from "./places.ts";
import { bestOf, type Edges, edgesOf, leavingFor, LEVELS, Placing } from "./placing.ts";
import type { Stock } from "./stock.ts";
import { giveAll, TeamCalls } from "./team_calls.ts";
import { type Lender, type TeamInput, teamOf } from "./teams.ts";
import { type Waiting, waitingModels } from "./waiting.ts";
import { turnsAt } from "../turns.ts";
import type { Assignments, Downloadable, Round as Result } from "./assignments.ts";

/**
 * The work that each member is to begin: for members that have memory left, or that may give something up, in the order
 * in which it matters. Every node computes the same from the same view; members that are not in it go on.
 * @param gapsMs by name, for how long a model has been wanted and not been served
 */
export function assign(...input: Parameters<typeof assignAll>): Assignments {
  return assignAll(...input).assignments;
}

/** The same, with what has to wait. */
export function assignAll(
  stock: Stock,
  catalog: readonly Downloadable[],
  gapsMs: ReadonlyMap<string, number> = new Map(),
): Result {
  const round = new Round(stock, catalog, gapsMs);
  round.keepClaims();
  round.helpWaiting();
  round.fillGaps();
  round.relieveHotModels();
  round.lendGpus();
  round.fillUp();
  return round;
}

class Round implements Result {
  readonly #stock: Stock;
  readonly #places: readonly Place[];
  readonly #hot: readonly string[];
  readonly #waiting: readonly Waiting[];
  readonly #catalog: readonly Downloadable[];
  readonly #gapsMs: ReadonlyMap<string, number>;
  readonly #order: GapOrder;
  readonly #calls: TeamCalls;
  readonly #open = new Set<string>();
  readonly #turns = new Map<PeerId, string[]>();
  #known: ReadonlySet<string> | undefined;

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
    this.#order = new GapOrder(stock.members, gapsMs);
    this.#calls = new TeamCalls(this.#places, stock);
  }

  get assignments(): Assignments {
    const given = this.#places.map((place) => [place.member.peer, place.assignments()] as const);
    return new Map(given.filter(([, list]) => list.length > 0));
  }

  get open(): ReadonlySet<string> {
    return this.#open;
  }

  get turns(): ReadonlyMap<PeerId, readonly string[]> {
    return this.#turns;
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
      this.#calls.call({ model, group, reason: "memory", needBytes });
    }
  }

  fillGaps(): void {
    const { wanted, providers } = this.#stock;
    const given = new Set([...this.assignments.values()].flat().map(({ name }) => name));
    const gaps = wanted.filter((name) => !providers.has(name) && !given.has(name));
    if (gaps.length === 0) return;
    const edges = this.#edges(gaps, this.#catalog);
    const placing = new Placing(edges, gaps, this.#gapsMs, () => this.#edgesOfMovable());
    const isAlone = (name: string) => (edges.get(name) ?? []).length > 0;
    let left = gaps.filter(isAlone);
    for (const name of this.#order.inOrder(gaps.filter((one) => !isAlone(one)))) {
      const before = left.filter((one) => !this.#order.comesBefore(name, one));
      left = left.filter((one) => !before.includes(one));
      this.#fillAlone(placing, before);
      this.#fillAlone(placing, [name]);
    }
    this.#fillAlone(placing, left);
  }

  #edgesOfMovable(): Edges {
    const movable = this.#places.flatMap(({ items }) =>
      items.filter(({ kind }) => kind === "needed").map(({ name }) => name)
    );
    return this.#edges(movable, this.#catalog);
  }

  /** Several may serve together a model that no member can serve alone, now or in its turn. */
  #fillAlone(placing: Placing, names: readonly string[]): void {
    const open = placing.place(names);
    for (const name of open) this.#open.add(name);
    this.#fillTogether(open.filter((name) => !this.#comeAlone.has(name)));
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
    const inMain = held.filter(({ gpuBytes, mainBytes }) =>
      mainBytes > 0 && gpuBytes + free.gpuBytes > 0
    );
    return inMain.flatMap(({ model }) => {
      const instance = instanceOf(member, model);
      return instance?.mode === "solo" ? [{ model, needBytes: instance.needBytes }] : [];
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

  /** Those that a member serves alone in a while: the same all the round. */
  get #comeAlone(): ReadonlySet<string> {
    const { members } = this.#stock;
    return this.#known ??= new Set(members.flatMap((member) => turnsAt(member, this.#stock)));
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
      const needBytes = needOf(holders, model);
      this.#open.add(name);
      if (this.#calls.call({ model, group: [], reason: "unserved", needBytes })) {
        this.#open.delete(name);
        continue;
      }
      const host = this.#calls.hostLater({ model, needBytes });
      if (host !== undefined) this.#turns.set(host, [...this.#turns.get(host) ?? [], name]);
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
    for (const place of this.#calls.placesOf(team)) {
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

  #edges(names: Iterable<string>, offered: readonly Downloadable[]): Edges {
    const wanted = new Set(names);
    return edgesOf(wanted, this.#places, offersOf(wanted, this.#stock.members, offered));
  }
}

type ModelInMain = Pick<TeamInput, "model" | "needBytes">;
