import { GATE_WAIT_MS } from "../plan/defaults.ts";
import type { Duty } from "../serving/duty.ts";

/** The peer may not use this node's rpc-server: it is not of the split that this node works in, or its term is over. */
export class RpcRefusedError extends Error {
  override name = "RpcRefusedError";
}

/**
 * Decides which RPC stream may reach the rpc-server: only those of the host that this node obeys, in
 * the term that it obeys, and of that split's other workers where they call each other. A stream that comes early is held until the server of its term runs.
 */
export class RpcGate {
  readonly #duty: () => Duty;
  readonly #fellows: () => readonly string[];
  readonly #waiting = new Set<() => void>();

  /** @param fellows the other workers that may call this one. */
  constructor(duty: () => Duty, fellows: () => readonly string[] = () => []) {
    this.#duty = duty;
    this.#fellows = fellows;
  }

  /** The duty has changed: those who wait look again. */
  changed(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * The loopback port of the rpc-server for this stream.
   * @throws {RpcRefusedError} for a term that is over, or when the server does not come in time.
   */
  async admit(peer: string, term: number, signal: AbortSignal): Promise<number> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(GATE_WAIT_MS)]);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const look = () => {
      const answer = gateAnswer(this.#duty(), peer, term, this.#fellows());
      if (typeof answer === "number") resolve(answer);
      else if (answer === "over") reject(refused(peer, term, "is over"));
    };
    const onAbort = () => reject(refused(peer, term, "has no rpc-server here"));
    this.#waiting.add(look);
    limit.addEventListener("abort", onAbort, { once: true });
    try {
      look();
      return await promise;
    } finally {
      this.#waiting.delete(look);
      limit.removeEventListener("abort", onAbort);
    }
  }
}

/** The port, or whether the term is still to come or over. Pure. */
export function gateAnswer(
  duty: Duty,
  peer: string,
  term: number,
  fellows: readonly string[] = [],
): number | "later" | "over" {
  if (duty.plan.kind !== "worker") return "later";
  const { host, term: current } = duty.plan;
  if ((host !== peer && !fellows.includes(peer)) || term > current) return "later";
  if (term < current) return "over";
  return duty.rpcPort ?? "later";
}

function refused(peer: string, term: number, why: string): RpcRefusedError {
  return new RpcRefusedError(`Term ${term} of ${peer} ${why}`);
}
