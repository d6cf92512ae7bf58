import {
  type AnnouncementContent,
  type Mesh,
  type ModelRef,
  Namesakes,
  toldApart,
} from "../../mesh/mod.ts";
import { announcementOf, type Intent, type NodeFacts } from "./own_announcement.ts";
import { Demand } from "../plan/demand.ts";
import type { Job } from "./job.ts";
import { declareLost, NO_ORPHANS, type Orphans } from "../plan/orphans.ts";
import { LoadRequests } from "../plan/load_requests.ts";
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
    });
    return this.#withFailures(content, intent);
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

  /** This node was away: members that are missing when it is back do not count as having died meanwhile. */
  forgetOthers(): void {
    this.#orphans = NO_ORPHANS;
  }

  /** Looks at the mesh: who is gone leaves behind what only it cared for. */
  view(jobs: readonly Job[], intent: Intent): View {
    const { mesh, now } = this.#options;
    const { wanted } = this.wishes;
    const before = viewOf(mesh, this.content(jobs, intent));
    this.#orphans = declareLost(
      this.#orphans,
      toldApart([{ ...before.self, wanted }, ...before.others]).map(withoutAsked),
      now(),
    );
    return { ...before, self: { ...before.self, wanted: this.#wanted() } };
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
