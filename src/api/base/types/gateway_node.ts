/** The narrow view of the node that the OpenAI gateway works on. */

import type { RequestRecord } from "./events.ts";

/** A model by the one text that stands for it and for no other. */
export interface NamedModel {
  readonly id: string;
  readonly name: string;
  /** `null` where nobody that is known has a file of it. */
  readonly fingerprint: string | null;
}

/** The model that a caller asks for. */
export type Meaning =
  | { readonly kind: "one"; readonly model: NamedModel }
  | { readonly kind: "several"; readonly models: readonly NamedModel[] }
  | { readonly kind: "none" };

/** An instance that can answer now. */
export interface GatewayInstance {
  readonly host: string;
  /** The text that stands for this model only: its name, where no other model has that. */
  readonly id: string;
  /** Further words that mean it. @default {[]} */
  readonly aliases?: readonly string[];
  /** Its name. */
  readonly model: string;
  readonly fingerprint: string;
  readonly local: boolean;
  readonly mode: "solo" | "split";
  readonly sizeBytes: number;
  /** Tokens of prompt and answer together. */
  readonly contextLength: number;
}

/** A model that can be asked for and that nobody answers for now. */
export interface UnservedModel extends NamedModel {
  /** Further words that mean it. */
  readonly aliases: readonly string[];
  /** It is being loaded, waits for its turn with memory that another model uses, or lacks memory; `cold`: a request loads it. */
  readonly state: "loading" | "turn" | "waiting" | "cold";
  /** 0 where nobody that is known has its file. */
  readonly sizeBytes: number;
}

/** The limits of the caller's API key, for the host to check again. `null` is no limit. */
export interface Grant {
  /** The key's name. */
  readonly key: string;
  readonly models: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** A request on its way to an instance. */
export interface ForwardRequest {
  readonly requestId: string;
  /** The model as the caller names it; `null` where it leaves the choice to the node. */
  readonly asked: string | null;
  readonly method: string;
  /** Path and query, as the caller sent them. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array | null;
  /** Aborts when the answer has ended, or is no longer wanted. */
  readonly signal: AbortSignal;
  /** The caller's key by its name, or its address: callers take turns where requests wait. */
  readonly caller?: string;
  /** Absent where no key was required. */
  readonly grant?: Grant;
  /** Called where nothing more will come of the answer whose head has come, though no connection breaks. */
  readonly lost?: (reason: Error) => void;
  /** For how long the caller has not taken what came of the answer; 0 while it waits for more. @default {() => 0} */
  readonly heldMs?: () => number;
  /** Called where the instance is another node's, once a stream to it is open. */
  readonly connected?: () => void;
}

/** The instance could not be reached, or no longer serves the model, or ended. */
export class InstanceUnavailableError extends Error {
  override name = "InstanceUnavailableError";
  /** The request had reached it: perhaps the request is what ended it. */
  readonly wasAsked: boolean;
  /** Its node serves something else, or nothing: nothing is wrong with it, or with the request. */
  readonly isRetired: boolean;
  /** Its llama-server crashed while it had the request. */
  readonly isCrash: boolean;

  constructor(
    message: string,
    { wasAsked, isRetired = false, isCrash = false, cause }: {
      readonly wasAsked: boolean;
      /** @default {false} */
      readonly isCrash?: boolean;
      /** @default {false} */
      readonly isRetired?: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause });
    this.wasAsked = wasAsked;
    this.isRetired = isRetired;
    this.isCrash = isCrash;
  }
}

/** Why nobody serves a model that somebody asks for, by its id, where waiting is of little use or of none. */
export type Obstacle =
  /** A node that should serve it tried, and failed. */
  | { readonly kind: "failed"; readonly model: string; readonly reason: string }
  /** The machines that could share it lack memory. */
  | {
    readonly kind: "waiting";
    readonly model: string;
    readonly needBytes: number;
    readonly haveBytes: number;
  }
  /** It is fetched first, which takes longer than anybody waits. */
  | { readonly kind: "downloading"; readonly model: string; readonly by: string }
  /** The users of these machines want it served no longer. */
  | { readonly kind: "dropped"; readonly model: string; readonly by: readonly string[] }
  /** It lies on disks of machines that load nothing because a request asks for it. */
  | { readonly kind: "not-on-request"; readonly model: string }
  /** These machines load it once a model that others ask for has had its turn with their memory. */
  | { readonly kind: "turn"; readonly model: string; readonly by: readonly string[] }
  /** It is wanted, and nobody has set out to serve it. */
  | { readonly kind: "unclaimed"; readonly model: string };

export interface LoadOptions {
  readonly signal: AbortSignal;
  /** The models that the caller's key names, for the member that has it loaded to check again. @default {all} */
  readonly granted?: readonly string[] | undefined;
  /** The model is wanted so long, from now on. @default {as long as a load may take} */
  readonly forMs?: number | undefined;
}

/** The part of the node that the OpenAI gateway needs. */
export interface GatewayNode {
  readonly self: string;
  /** Before somebody looks: what a passive node knows is made fresh. Never fails, takes 1 s at most. */
  freshen(): Promise<void>;
  /** False for a node that has not reached its mesh yet, or not all of it: it can't say what is not served. */
  readonly knowsMesh: boolean;
  /** Warm instances as this node knows them now. */
  warm(): readonly GatewayInstance[];
  /** Calls back whenever an instance has become warm, until the result is called. */
  onWarm(listener: () => void): () => void;
  /** The models that can be asked for beside the warm ones, in a fixed order. */
  unserved(): readonly UnservedModel[];
  /** A passive node fetches the routing table anew; an active one answers from its view, once that is whole. */
  refresh(signal: AbortSignal): Promise<void>;
  /** The model that a caller's word stands for: a name, the start of one, or an id. */
  meaning(asked: string): Meaning;
  /** Ids of models that may be warm soon: loading, claimed, or served by a group that elects its host. */
  coming(): readonly string[];
  /** Of models that are wanted or were until now, and are neither warm nor coming. */
  obstacles(): readonly Obstacle[];
  /**
   * Nobody serves the model that a request names. True where it lies on a disk of the mesh and is loaded
   * for it, so that the request may be held.
   */
  requestLoad(model: string, options: LoadOptions): Promise<boolean>;
  /** The id of the model that this node serves or takes part in, if any. */
  readonly ownModel: string | null;
  /** @throws {InstanceUnavailableError} before the first byte of an answer; the gateway tries the next. */
  forward(instance: GatewayInstance, request: ForwardRequest): Promise<Response>;
  /** The reason for which an answer broke off, as the node understands it. @default the error itself */
  explain?(instance: GatewayInstance, error: unknown): unknown;
  /** Nothing comes from the instance although it was asked: the node finds out whether its host lives. */
  doubt(instance: GatewayInstance): void;
  /** Called once for each request when it comes. */
  begin(): void;
  /** Called once for each request when its answer has ended. */
  record(request: RequestRecord): void;
}
