import type { ModelRef, PeerId } from "../../../mesh/mod.ts";
import { bytesOf } from "../pools.ts";
import { belongsTo, fileOf, isNear, type Member, needOf } from "../view.ts";
import {
  assignmentOf,
  fillGaps,
  holdsFitting,
  mayDownload,
  mayServe,
  offersOf,
  refOf,
} from "./gaps.ts";
import { hotModels, spareReplica } from "./hot.ts";
import { servedBy, type Stock } from "./stock.ts";
import { callTeam, teamOf } from "./teams.ts";
import type { Assignment, Assignments, Downloadable } from "./assignments.ts";

/**
 * The work that each member is to begin: for members that may be given a model, in the order in which it matters. Every
 * node computes the same from the same view; members that are not in it go on.
 */
export function assign(stock: Stock, catalog: readonly Downloadable[]): Assignments {
  const round = new Round(stock, catalog);
  round.keepClaims();
  round.helpWaiting();
  round.fillGaps();
  round.relieveHotModels();
  round.lendGpus();
  round.fillUp();
  return round.assignments;
}

class Round {
  readonly assignments = new Map<PeerId, Assignment[]>();
  readonly #stock: Stock;
  readonly #catalog: readonly Downloadable[];

  constructor(stock: Stock, catalog: readonly Downloadable[]) {
    this.#stock = stock;
    this.#catalog = catalog;
  }

  /** Claims that were made in time stay. */
  keepClaims(): void {
    for (const member of this.#stock.members) {
      // A node loads one model at a time: the next of its claims once the first is served.
      const [claim] = this.#stock.claims.get(member.peer) ?? [];
      if (claim === undefined) continue;
      this.#give(member, { ...assignmentOf(member, claim.model, true), reason: claim.reason });
    }
  }

  /** A model that its user's own machines can't hold: one that can, or just enough helpers. */
  helpWaiting(): void {
    for (const { model, group } of this.#waiting()) {
      if (this.#stock.providers.has(model.name)) continue;
      const idle = this.#idle();
      const holders = idle.filter((member) => fileOf(member, model) !== undefined);
      const [alone] = holders.filter((member) => holdsFitting(member, model.name))
        .sort((a, b) => onGpusFirst(model, a, b) || a.memoryBytes - b.memoryBytes);
      const needBytes = needOf(group, model);
      const team = alone === undefined
        ? callTeam({ model, group, idle, holders, needBytes })
        : [alone];
      for (const member of team ?? []) {
        this.#give(member, { name: model.name, model, reason: "memory", instead: [] });
      }
    }
  }

  fillGaps(): void {
    const { wanted, providers } = this.#stock;
    const given = new Set([...this.assignments.values()].flat().map(({ name }) => name));
    const gaps = wanted.filter((name) => !providers.has(name) && !given.has(name));
    const taken = new Set(this.assignments.keys());
    const { assignments, open } = fillGaps(gaps, this.#stock, { catalog: this.#catalog, taken });
    for (const [peer, assignment] of assignments) this.assignments.set(peer, [assignment]);
    this.#fillTogether(open);
  }

  /** One more instance, where the ones that are warm have more to do than they should. */
  relieveHotModels(): void {
    for (const name of hotModels(this.#stock)) {
      const member = this.#idle().find((one) => holdsFitting(one, name)) ??
        spareReplica(name, this.#stock, this.assignments) ??
        this.#downloader(name);
      if (member === undefined) continue;
      this.#give(member, { ...assignmentOf(member, name, true), reason: "hot" });
    }
  }

  /** A model that one member serves partly from main memory runs faster where free members lend it their GPUs. */
  lendGpus(): void {
    for (const member of this.#stock.members) {
      for (const { model, mode, state, needBytes } of member.instances) {
        const gpuBytes = bytesOf(member, "gpu");
        const isMixed = mode === "solo" && state !== "waiting" && gpuBytes > 0 &&
          gpuBytes < needBytes;
        if (!isMixed) continue;
        const idle = this.#idle();
        // Those whose users want it too are in it anyway.
        const group = this.#stock.members.filter((one) =>
          one === member || (!one.assignable && belongsTo(one, model))
        );
        const team = teamOf({ model, group, idle, holders: [], needBytes }, "gpu");
        for (const one of team ?? []) {
          this.#give(one, { name: model.name, model, reason: "memory", instead: [] });
        }
      }
    }
  }

  #downloader(name: string): Member | undefined {
    const [model] = offersOf(new Set([name]), this.#stock.members, this.#catalog);
    return model && this.#idle().find((one) => mayDownload(one, model));
  }

  /** Gives free members further work: they wait with a model, join a forced split, or serve one more replica. */
  fillUp(): void {
    const { providers, wanted, members } = this.#stock;
    const counts = new Map([...providers].map(([name, list]) => [name, list.length]));
    const known = new Set([...wanted, ...providers.keys()]);
    const waiting = this.#waiting()[0];
    const forced = members.filter(({ split, instances }) => split && instances.length > 0);
    for (const member of this.#idle()) {
      const assignment = help(member, waiting) ?? joinSplit(member, forced) ??
        oneMore(member, known, counts);
      if (assignment === undefined) continue;
      this.#give(member, assignment);
      counts.set(assignment.name, (counts.get(assignment.name) ?? 0) + 1);
    }
  }

  /** Models that no member can serve alone: just enough of the members that are left. */
  #fillTogether(open: readonly string[]): void {
    if (open.length === 0) return;
    for (const [name, holders] of holdersOf(open, this.#idle())) {
      const files = holders.flatMap((member) => member.models.filter((file) => file.name === name));
      const [file] = files.sort((a, b) => a.fingerprint < b.fingerprint ? -1 : 1);
      if (file === undefined) continue;
      const model = refOf(file);
      const needBytes = needOf(holders, model);
      const team = callTeam({ model, group: [], idle: this.#idle(), holders, needBytes });
      for (const member of team ?? []) {
        this.#give(member, { name, model, reason: "unserved", instead: [] });
      }
    }
  }

  #idle(): Member[] {
    return this.#stock.members.filter(({ peer }) =>
      this.#stock.roles.get(peer) === "idle" && !this.assignments.has(peer)
    );
  }

  /** Models that wait for memory although a user has told a machine to serve them, by name. */
  #waiting(): { model: ModelRef; group: Member[] }[] {
    const { members, workers } = this.#stock;
    const groups = new Map<string, { model: ModelRef; group: Member[] }>();
    for (const { model, state } of members.flatMap(({ instances }) => instances)) {
      if (state === "waiting") groups.set(keyOf(model), { model, group: [] });
    }
    for (const member of groups.size === 0 ? [] : members) {
      const { assignable, targets, peer } = member;
      if (assignable || servedBy(member).length > 0 || workers.has(peer)) continue;
      for (const target of targets) groups.get(keyOf(target))?.group.push(member);
    }
    return [...groups.entries()].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, waiting]) => waiting).filter(({ group }) => group.length > 0);
  }

  #give({ peer }: Member, assignment: Assignment): void {
    this.assignments.set(peer, [...this.assignments.get(peer) ?? [], assignment]);
  }
}

function onGpusFirst(model: ModelRef, a: Member, b: Member): number {
  const holds = (member: Member) =>
    bytesOf(member, "gpu") >= (fileOf(member, model)?.needBytes ?? Infinity);
  return Number(holds(b)) - Number(holds(a));
}

function keyOf({ name, fingerprint }: ModelRef): string {
  return `${name}\n${fingerprint}`;
}

function holdersOf(
  names: readonly string[],
  members: readonly Member[],
): Map<string, Member[]> {
  const holders = new Map(names.map((name): [string, Member[]] => [name, []]));
  for (const member of members) {
    for (const { name } of member.models) holders.get(name)?.push(member);
  }
  return holders;
}

function help(
  member: Member,
  waiting: { readonly model: ModelRef; readonly group: readonly Member[] } | undefined,
): Assignment | undefined {
  if (waiting === undefined || member.refuses.includes(waiting.model.name)) return undefined;
  if (!waiting.group.some((one) => isNear(one, member))) return undefined;
  return { name: waiting.model.name, model: waiting.model, reason: "memory", instead: [] };
}

function joinSplit(member: Member, forced: readonly Member[]): Assignment | undefined {
  const models = forced.filter((one) => isNear(one, member))
    .flatMap(({ instances }) => instances.map(({ model }) => model))
    .filter(({ name }) => !member.refuses.includes(name));
  const model = models.sort((a, b) => a.name < b.name ? -1 : 1)[0];
  return model && { name: model.name, model, reason: "split", instead: [] };
}

/** Of the models that the mesh serves or wants: on this disk, fitting, and served by the fewest. */
function oneMore(
  member: Member,
  known: ReadonlySet<string>,
  counts: ReadonlyMap<string, number>,
): Assignment | undefined {
  let best: { name: string; fingerprint: string; count: number } | undefined;
  for (const file of member.models) {
    const { name, fingerprint } = file;
    if (!known.has(name) || !mayServe(member, file)) continue;
    const count = counts.get(name) ?? 0;
    const isBetter = best === undefined || count < best.count ||
      (count === best.count && name < best.name);
    if (isBetter) best = { name, fingerprint, count };
  }
  return best && { name: best.name, model: refOf(best), reason: "spare", instead: [] };
}
