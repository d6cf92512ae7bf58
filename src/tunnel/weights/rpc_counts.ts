/** The events on RPC streams, beyond their bytes. One object a peer, kept when streams close. */
export interface RpcCounts {
  /** Why the last connection's bytes passed as they were; `null` where they were understood. */
  plain: string | null;
  /** Requests by command, as llama-server sent them. */
  readonly frames: Map<number, number>;
  /** Of weights, not sent since the other end had them. */
  weightBytesSaved: number;
  /** Of tensors, sent. */
  tensorBytesMoved: number;
  /** Weights that the worker was referred to and did not have. */
  refused: number;
  /** Requests whose answer llama-server had to wait for, and that a round trip brought. */
  roundTrips: number;
  /** Requests that were answered on this side. */
  answeredHere: number;
  /** Writes that waited longer than STALL_MS. */
  stalls: number;
  /** Total time of those stalls. */
  stalledMs: number;
}

export function newRpcCounts(): RpcCounts {
  return {
    plain: null,
    frames: new Map(),
    weightBytesSaved: 0,
    tensorBytesMoved: 0,
    refused: 0,
    roundTrips: 0,
    answeredHere: 0,
    stalls: 0,
    stalledMs: 0,
  };
}

export function countFrame({ frames }: RpcCounts, command: number): void {
  frames.set(command, (frames.get(command) ?? 0) + 1);
}
