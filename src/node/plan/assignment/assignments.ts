import type { ClaimReason, ModelRef, PeerId } from "../../../mesh/mod.ts";

/** The work that the mesh gives to a member. */
export interface Assignment {
  readonly name: string;
  /** `null` for what the member has to download first. */
  readonly model: ModelRef | null;
  readonly reason: ClaimReason;
  /** The models that the member gives up for it, for it has no memory for both: each once it may (`mayGiveUp`). */
  readonly instead: readonly ModelRef[];
}

/** By member, what it is to begin, most needed first. Members that are not in it go on. */
export type Assignments = ReadonlyMap<PeerId, readonly Assignment[]>;

/** A plan for all members, which every node finds. */
export interface Round {
  readonly assignments: Assignments;
  /** The names that are wanted, and have found no place for now. */
  readonly open: ReadonlySet<string>;
  /** By member: of these the ones that it will serve together with others, once what is there has had its turn. */
  readonly turns: ReadonlyMap<PeerId, readonly string[]>;
}

/** A model that anybody may download: the built-in catalog's, as far as assignments need it. */
export interface Downloadable {
  readonly name: string;
  readonly sizeBytes: number;
  /** Memory that serving it takes. */
  readonly needBytes: number;
}
