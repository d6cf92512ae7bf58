/** The parts of the mesh and of the node that the tunnels need: node fills these interfaces. */

/** A stream to a peer. The rules of use are those of src/mesh/base/byte_stream.ts, whose shape this is. */
export interface PeerStream {
  readonly taken?: Promise<void> | undefined;
  /** @throws when the stream was reset or its connection lost; `null` is a clean end. */
  read(): Promise<Uint8Array | null>;
  recycle?(bytes: Uint8Array): void;
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  reset(reason: Error): void;
}

/** Opens a stream of one protocol to a peer. */
export type OpenStream = (peer: string, signal: AbortSignal) => Promise<PeerStream>;

/** A model by name and content: two fingerprints of one name are two models. */
export interface ModelRef {
  readonly name: string;
  readonly fingerprint: string;
}

/** One assignment of one split: between the same two nodes there may be splits of several models. */
export interface SplitTerm {
  readonly model: ModelRef;
  readonly term: number;
}

/** The rpc-server that a peer's stream is for. */
export interface AskedSplit {
  readonly peer: string;
  readonly term: number;
  /** A peer of an earlier version does not say it: it has a single split. */
  readonly model?: ModelRef | undefined;
}

/** Decides which RPC streams reach which of this node's rpc-servers. */
export interface RpcGate {
  /**
   * Resolves once the rpc-server of that split and term runs; may wait for it.
   * @throws where the term is not, or no longer, the one this worker obeys: the stream is reset.
   */
  admit(asked: AskedSplit, signal: AbortSignal): Promise<AdmittedSplit>;
}

/** An rpc-server of this node, for a stream that may reach it. */
export interface AdmittedSplit {
  /** On the loopback. */
  readonly port: number;
  readonly model: ModelRef;
}

/** A llama-server of this node. */
export interface HttpTarget {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** Requests that it answers at one time. @default {1} */
  readonly slots?: number | undefined;
  /** The id of its model, for people. */
  readonly label?: string | undefined;
  /** Fires when it does nothing any more, though its connections may stay open. @default {never} */
  readonly frozen?: AbortSignal;
  /** Asked where its connections broke: whether it has crashed. @default {false} */
  readonly crashed?: () => Promise<boolean>;
}

/** The limits of the caller's API key, as the node that received the request states them. `null` is no limit. */
export interface Grant {
  /** The key's name. */
  readonly key: string;
  readonly models: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** Holds requests of peers to what their callers' keys allow. */
export interface GrantGate {
  admit(grant: Grant, model: ModelRef): GrantAdmission;
}

export type GrantAdmission =
  | { readonly refused: Response }
  | {
    readonly refused: null;
    /** Bytes of the answer on their way to the caller. */
    passed(bytes: Uint8Array): void;
    /** The answer has ended, whole or not. */
    ended(): void;
  };

/** Finds the llama-server that serves the model now; `null` answers the peer with `moved`. */
export type FindTarget = (model: ModelRef) => HttpTarget | null;

/** An inference request. */
export interface InferenceRequest {
  readonly method: string;
  /** Path and query, as the caller sent them. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
  /** Tells the callers of one node apart, so that they take turns; only a word, where a peer says it. */
  readonly caller?: string;
  /** Called where nothing more will come of the answer whose head has come, though no connection breaks. */
  readonly lost?: (reason: Error) => void;
  /** For how long the caller has not taken what came of the answer; 0 while it waits for more. @default {() => 0} */
  readonly heldMs?: () => number;
}

/** An inference request on its way to another node's instance. */
export interface TunnelRequest extends InferenceRequest {
  readonly requestId: string;
  readonly model: ModelRef;
  readonly body: Uint8Array | null;
  /** Absent where the caller needed no key. */
  readonly grant?: Grant;
  /** How long the peer may be silent before it has taken the stream. @default {30_000} which is the most */
  readonly openMs?: number;
  /** Called once the peer has taken the stream. */
  readonly connected?: () => void;
}

/** The traffic of the tunnels to one peer, kept when streams close. */
export interface TunnelCounters {
  /** A PeerId; `other` for all that came too late for a place of their own. */
  readonly peer: string;
  readonly kind: "rpc" | "http";
  /** Open at this moment. */
  readonly streams: number;
  /** On QUIC streams, after substitution. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly weightBytesSaved: number;
  /** Of RPC streams. */
  readonly rpc?: RpcTraffic;
}

/** The traffic of RPC streams, and the weight bytes that did not cross. */
export interface RpcTraffic {
  /** Why bytes pass as they are, weights too, in one sentence; `null` where they are understood. */
  readonly plain: string | null;
  /** Requests by command. */
  readonly frames: Readonly<Record<string, number>>;
  /** Weights and activations. */
  readonly tensorBytesMoved: number;
  /** Weights that were referred to and that the worker did not have. */
  readonly refused: number;
  readonly roundTrips: number;
  /** Computations that a worker was asked for: one a token. */
  readonly graphs: number;
  /** `null` before the first token. */
  readonly roundTripsPerToken: number | null;
  /** Requests that this end answered in the other's place. */
  readonly answeredHere: number;
  /** Writes that waited longer than a tenth of a second. */
  readonly stalls: number;
  readonly stalledMs: number;
}
