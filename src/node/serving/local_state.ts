import {
  type AnnouncementContent,
  type Instance,
  type Mesh,
  type ModelRef,
  Namesakes,
  toldApart,
} from "../../mesh/mod.ts";
import { isNamed } from "../../base/model_ids.ts";
import { announcementOf, type Intent, type NodeFacts } from "./own_announcement.ts";
import { Demand } from "../plan/demand.ts";
import type { Job } from "./job.ts";
import { declareLost, NO_ORPHANS, type Orphans } from "../plan/orphans.ts";
import { LoadRequests } from "../plan/load_requests.ts";
import { ASKED_STEP_MS } from "../plan/defaults.ts";
import { gapsAmong } from "../plan/turns.ts";
import { type Member, type View, viewOf } from "../plan/view.ts";
import type { Wishes } from "../plan/wishes.ts";

export interface LocalStateOptions {
  readonly mesh: Pick<Mesh, "self" | "members" | "rttMs">;
  readonly facts: () => NodeFacts;
  readonly wishes: Wishes;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A node's own announcement and its view of the others: everything that its plans are made of. */
export class LocalState {
  readonly demand = new Demand();
  readonly loadRequests = new LoadRequests();
  /** The wishes of the user now. */
  wishes: Wishes;
  readonly #options: LocalStateOptions;
  #orphans: Orphans = NO_ORPHANS;
  /** By name, since when. */
  #gaps: ReadonlyMap<string, number> = new Map();

  constructor(options: LocalStateOptions) {
    this.#options = options;
    this.wishes = options.wishes;
  }

  /** Its announcement while it does these jobs. */
  content(jobs: readonly Job[], intent: Intent): AnnouncementContent {
    const { facts, now } = this.#options;
    const { pinned, dropped, resting } = this.wishes;
    const content = announcementOf(facts(), jobs, {
      targets: intent.targets,
      claims: intent.claims,
      assignable: pinned.length === 0,
      wanted: this.#wanted(),
      asked: this.#asked(),
      refuses: [...new Set([...dropped, ...resting])],
      failures: [],
      dropped,
      demand: this.demand.steps(now()),
      ...(intent.turns.length === 0 ? {} : { turns: intent.turns }),
    });
    return this.#withFailures(this.#withAsked(content, ASKED_STEP_MS), intent);
  }

  /** When its instances were last asked for, in these steps. */
  #withAsked(content: AnnouncementContent, stepMs: number): AnnouncementContent {
    const { now } = this.#options;
    const instances = content.instances.map((instance): Instance => {
      const askedAtMs = this.demand.idleSinceMs(instance.model.name) ?? now();
      const inSteps = Math.floor(askedAtMs / stepMs) * stepMs;
      return inSteps === 0 ? instance : { ...instance, askedAtMs: inSteps };
    });
    return { ...content, instances };
  }

  /** A name means each file of this node that has it, so one of several is told by its id. */
  #withFailures(
    content: AnnouncementContent,
    { refuses, failures }: Intent,
  ): AnnouncementContent {
    const failed = [...refuses, ...failures.map(({ model }) => model)];
    if (failed.length === 0) return content;
    const known = failed.filter(({ fingerprint }) => fingerprint !== "");
    const self = { ...content, targets: [...content.targets, ...known] };
    const namesakes = Namesakes.of([self, ...this.#options.mesh.members()]);
    const said = (model: ModelRef) =>
      model.fingerprint === "" ? model.name : (namesakes?.apart(model) ?? model).name;
    return {
      ...content,
      refuses: [...new Set([...content.refuses, ...refuses.map(said)])],
      failures: failures.map(({ model, reason }) => ({ model: said(model), reason })),
    };
  }

  /** Somebody has asked for a model that is to be loaded. */
  get isLoadRequested(): boolean {
    return this.loadRequests.names(this.#options.now()).length > 0;
  }

  /** After how long its wishes are others although nothing happens; `null` where they stay. */
  get changesInMs(): number | null {
    const endMs = this.loadRequests.nextEndMs;
    return endMs === null ? null : endMs - this.#options.now();
  }

  /** This node was away: members that are missing when it is back do not count as having died meanwhile. */
  forgetOthers(): void {
    this.#orphans = NO_ORPHANS;
  }

  /**
   * By name, for how long a model has been wanted and nobody has served it, as far as this node has seen: since its last
   * view.
   */
  get gapsMs(): ReadonlyMap<string, number> {
    const { now } = this.#options;
    return new Map([...this.#gaps].map(([name, sinceMs]) => [name, now() - sinceMs]));
  }

  /** Looks at the mesh: who is gone leaves behind what only it cared for. */
  view(jobs: readonly Job[], intent: Intent): View {
    const { mesh, now } = this.#options;
    const { wanted } = this.wishes;
    const before = viewOf(mesh, this.#withAsked(this.content(jobs, intent), 1));
    this.#endRequests([before.self, ...before.others]);
    this.#orphans = declareLost(
      this.#orphans,
      toldApart([{ ...before.self, wanted }, ...before.others]).map(withoutAsked),
      now(),
    );
    const view = { ...before, self: { ...before.self, wanted: this.#wanted() } };
    this.#gaps = gapsAmong([view.self, ...view.others], this.#gaps, now());
    return view;
  }

  /** Those who asked for a load can ask the model now; from then on it goes on as long as nothing else needs its memory. */
  #endRequests(members: readonly Pick<AnnouncementContent, "instances">[]): void {
    const asked = this.loadRequests.names(this.#options.now());
    if (asked.length === 0) return;
    const warm = members.flatMap(({ instances }) =>
      instances.filter(({ state }) => state === "warm")
    );
    for (const name of asked) {
      if (warm.some(({ model }) => isNamed(name, model))) this.loadRequests.end(name);
    }
  }

  /** The user's own first, and what others left behind last: of too many names the last are not announced. */
  #wanted(): string[] {
    const { now } = this.#options;
    const asked = this.loadRequests.names(now());
    return [...new Set([...this.wishes.wanted, ...asked, ...this.#orphans.orphans.keys()])];
  }

  /** The part of all that which only requests want. */
  #asked(): string[] {
    const { wanted } = this.wishes;
    const { orphans } = this.#orphans;
    return this.loadRequests.names(this.#options.now())
      .filter((name) => !wanted.includes(name) && !orphans.has(name));
  }
}

/** A caller whose node is gone asks another one. The models that it served are missed in any case. */
function withoutAsked(member: Member): Member {
  const { wanted, asked = [] } = member;
  if (asked.length === 0) return member;
  return { ...member, wanted: wanted.filter((name) => !asked.includes(name)) };
}
