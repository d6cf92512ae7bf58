import { Deadline } from "../../base/deadline.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { AdmittedSplit, AskedSplit } from "../../tunnel/mod.ts";
import { GATE_WAIT_MS } from "../plan/defaults.ts";
import type { WorkerPlan } from "../plan/peer_workers.ts";
import { sameModel } from "../plan/view.ts";
import type { Job } from "../serving/job.ts";

/** The peer may not use an rpc-server of this node: it is not of a split that this node works in, or its term is over. */
export class RpcRefusedError extends Error {
  override name = "RpcRefusedError";
}

/** The other workers of the split, if they may call this one. */
type PeerWorkers = (plan: WorkerPlan) => readonly string[];

/**
 * Decides which RPC stream may reach which rpc-server: only those of the host that this node obeys for that model, in
 * the term that it obeys, and of that split's other workers where they call each other. A stream that comes early is
 * held until the server of its term runs.
 */
export class RpcGate {
  readonly #jobs: () => readonly Job[];
  readonly #peerWorkers: PeerWorkers;
  readonly #waiting = new Set<() => void>();

  constructor(jobs: () => readonly Job[], peerWorkers: PeerWorkers = () => []) {
    this.#jobs = jobs;
    this.#peerWorkers = peerWorkers;
  }

  /** The jobs have changed: those who wait look again. */
  changed(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * The rpc-server for this stream.
   * @throws {RpcRefusedError} for a term that is over, or when the server does not come in time.
   */
  async admit(asked: AskedSplit, signal: AbortSignal): Promise<AdmittedSplit> {
    const isMissing = () => refused(asked, "has no rpc-server here");
    using limit = new Deadline(GATE_WAIT_MS, isMissing, signal);
    const { promise, resolve, reject } = Promise.withResolvers<AdmittedSplit>();
    const look = () => {
      const answer = gateAnswer(this.#jobs(), asked, this.#peerWorkers);
      if (answer === "over") reject(refused(asked, "is over"));
      else if (answer !== "later") resolve(answer);
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

/** The rpc-server, or whether its term is still to come or over. Pure. */
export function gateAnswer(
  jobs: readonly Job[],
  asked: AskedSplit,
  peerWorkers: PeerWorkers = () => [],
): AdmittedSplit | "later" | "over" {
  const open = jobs.flatMap(({ plan, rpcPort }) =>
    plan.kind === "worker" && isFor(plan, asked, peerWorkers) ? [{ plan, rpcPort }] : []
  );
  const [job, other] = open.filter(({ plan }) => plan.term === asked.term);
  if (job === undefined) {
    return open.some(({ plan }) => plan.term > asked.term) ? "over" : "later";
  }
  // A peer that does not name its model has one split: the job of its earlier one is about to end.
  if (other !== undefined || job.rpcPort === null) return "later";
  return { port: job.rpcPort, model: job.plan.model };
}

function isFor(plan: WorkerPlan, { peer, model }: AskedSplit, peerWorkers: PeerWorkers): boolean {
  if (model !== undefined && !sameModel(plan.model, model)) return false;
  return plan.host === peer || peerWorkers(plan).includes(peer);
}

function refused({ peer, term, model }: AskedSplit, why: string): RpcRefusedError {
  const of = model === undefined ? "" : ` for ${model.name}`;
  return new RpcRefusedError(`Term ${term} of ${peer}${of} ${why}`);
}
