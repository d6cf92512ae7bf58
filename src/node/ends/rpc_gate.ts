import { Deadline } from "../../base/deadline.ts";
import { raceSignal } from "../../base/race_signal.ts";
import { GATE_WAIT_MS } from "../plan/defaults.ts";
import type { Job } from "../serving/job.ts";

/** The peer may not use this node's rpc-server: it is not of the split that this node works in, or its term is over. */
export class RpcRefusedError extends Error {
  override name = "RpcRefusedError";
}

/**
 * Decides which RPC stream may reach the rpc-server: only those of the host that this node obeys, in
 * the term that it obeys, and of that split's other workers where they call each other. A stream that comes early is held until the server of its term runs.
 */
export class RpcGate {
  readonly #jobs: () => readonly Job[];
  readonly #peerWorkers: () => readonly string[];
  readonly #waiting = new Set<() => void>();

  /** @param peerWorkers the other workers that may call this one. */
  constructor(jobs: () => readonly Job[], peerWorkers: () => readonly string[] = () => []) {
    this.#jobs = jobs;
    this.#peerWorkers = peerWorkers;
  }

  /** The jobs have changed: those who wait look again. */
  changed(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * The loopback port of the rpc-server for this stream.
   * @throws {RpcRefusedError} for a term that is over, or when the server does not come in time.
   */
  async admit(peer: string, term: number, signal: AbortSignal): Promise<number> {
    const isMissing = () => refused(peer, term, "has no rpc-server here");
    using limit = new Deadline(GATE_WAIT_MS, isMissing, signal);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const look = () => {
      const answer = gateAnswer(this.#jobs(), peer, term, this.#peerWorkers());
      if (typeof answer === "number") resolve(answer);
      else if (answer === "over") reject(refused(peer, term, "is over"));
    };
    this.#waiting.add(look);
    try {
      look();
      return await raceSignal(promise, limit.signal);
    } catch (error) {
      throw signal.aborted ? isMissing() : error;
    } finally {
      this.#waiting.delete(look);
    }
  }
}

/** The port, or whether the term is still to come or over. Pure. */
export function gateAnswer(
  jobs: readonly Job[],
  peer: string,
  term: number,
  peerWorkers: readonly string[] = [],
): number | "later" | "over" {
  const job = jobs.find(({ plan }) => plan.kind === "worker");
  if (job?.plan.kind !== "worker") return "later";
  const { host, term: current } = job.plan;
  if ((host !== peer && !peerWorkers.includes(peer)) || term > current) return "later";
  if (term < current) return "over";
  return job.rpcPort ?? "later";
}

function refused(peer: string, term: number, why: string): RpcRefusedError {
  return new RpcRefusedError(`Term ${term} of ${peer} ${why}`);
}
