/** Members that are called to serve a model together, and what they end for it. Pure. */

import type { ClaimReason, PeerId } from "../../../mesh/mod.ts";
import { meantBy } from "../on_request.ts";
import { hasFailed, poolsLater } from "../turns.ts";
import { belongsTo, type Member } from "../view.ts";
import { leastLeaving, type Leaving } from "./leaving.ts";
import type { MemberMemory } from "./memory.ts";
import type { Gift, Item, Place } from "./places.ts";
import { servesSeveral } from "./running.ts";
import type { Stock } from "./stock.ts";
import { callTeam, type Lender, type TeamInput } from "./teams.ts";
import { yieldingTo } from "./yielding.ts";

export interface TeamCall extends Pick<TeamInput, "model" | "needBytes"> {
  readonly group: readonly Member[];
  readonly reason: ClaimReason;
}

type Kind = Place["kind"];

const LENDERS: readonly (readonly Kind[])[] = [
  ["idle"],
  ["idle", "busy"],
  ["idle", "busy", "pinned"],
];

/** Those who are asked to help, and what ends for it. */
interface Asked {
  readonly kinds: readonly Kind[];
  readonly leaving: Leaving;
  /** Whether they are to wait for memory of what is ending already. */
  readonly isLater: boolean;
}

/** One that was given something a moment ago is idle no longer. */
function kindOf({ kind, isIdle }: Place): Kind {
  return kind === "idle" && !isIdle ? "busy" : kind;
}

export class TeamCalls {
  readonly #places: readonly Place[];
  readonly #stock: Stock;
  /** The names that users want, and not only requests. */
  readonly #meant: ReadonlySet<string>;

  constructor(places: readonly Place[], stock: Stock) {
    this.#places = places;
    this.#stock = stock;
    this.#meant = new Set(stock.members.flatMap(meantBy));
  }

  /**
   * Those who do nothing are asked first, then who has room, then users' machines; last, what nobody would miss ends.
   * False where all that is not enough.
   */
  call(call: TeamCall): boolean {
    const able = this.#places.filter((place) => !place.runs(call.model.name));
    for (const kinds of LENDERS) {
      if (this.#callFrom(able, call, { kinds, leaving: new Map(), isLater: false })) return true;
    }
    const kinds = LENDERS.at(-1) as readonly Kind[];
    // Only a caller waits for what is ending. A model that a user wants is served with what is there, if that is enough.
    const isLater = !this.#meant.has(call.model.name);
    const leaving = leastLeaving(able, this.#stock.demand, (leaving) => {
      const { team } = this.#teamFrom(able, call, { kinds, leaving, isLater });
      return team && this.placesOf(team);
    });
    return leaving !== undefined && this.#callFrom(able, call, { kinds, leaving, isLater });
  }

  #callFrom(able: readonly Place[], call: TeamCall, asked: Asked): boolean {
    const { model, reason } = call;
    const { team, group } = this.#teamFrom(able, call, asked);
    if (team === undefined) return false;
    for (const place of this.placesOf(team)) {
      const leaving = this.#leavingOf(place, call, asked);
      giveAll(place, { name: model.name, model, reason }, leaving);
    }
    for (const place of this.placesOf(group)) place.fill();
    return true;
  }

  #teamFrom(able: readonly Place[], call: TeamCall, asked: Asked) {
    const lender = (place: Place): Lender => {
      const leaving = this.#leavingOf(place, call, asked);
      const pools = asked.isLater ? place.roomLater(leaving) : place.roomWithout(leaving);
      return { member: place.member, pools, isIdle: place.isIdle };
    };
    const group = able.filter(({ member }) => call.group.includes(member)).map(lender);
    // Those who are at it already stay: others that come, or have memory again, change nothing.
    const lenders = able.filter((place) =>
      !call.group.includes(place.member) &&
      (asked.kinds.includes(kindOf(place)) || belongsTo(place.member, call.model))
    ).map(lender);
    return { team: callTeam({ ...call, group, lenders }), group };
  }

  /** The host of those that serve it together once all that no user insists on has had its turn. */
  hostLater({ model, needBytes }: Pick<TeamInput, "model" | "needBytes">): PeerId | undefined {
    const able = this.#stock.members.filter((member) =>
      servesSeveral(member) && !hasFailed(member, model)
    );
    const lenders = able.map((member): Lender => ({
      member,
      pools: poolsLater(member, this.#stock),
      isIdle: false,
    }));
    return callTeam({ model, needBytes, group: [], lenders })?.[0]?.member.peer;
  }

  #leavingOf(place: Place, call: TeamCall, { leaving }: Asked): Item[] {
    const { held } = this.#stock.memory.get(place.member.peer) as MemberMemory;
    const yielding = yieldingTo(place.member, held, call);
    const isYielding = ({ name }: Item) => yielding.some((one) => one.name === name);
    return [...yielding, ...(leaving.get(place) ?? []).filter((one) => !isYielding(one))];
  }

  placesOf(lenders: readonly Lender[]): Place[] {
    const members = new Set(lenders.map(({ member }) => member));
    return this.#places.filter(({ member }) => members.has(member));
  }
}

/** Nobody knows yet how large its share will be. */
export function giveAll(place: Place, gift: Omit<Gift, "bytes">, leaving: readonly Item[]): void {
  place.give({ ...gift, bytes: place.roomWithout(leaving).memoryBytes }, "fixed", leaving);
}
