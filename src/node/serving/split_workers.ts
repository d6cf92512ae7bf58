import type { Announcement, Obedience, PeerId } from "../../mesh/mod.ts";
import { WORKER_READY_MS } from "../plan/defaults.ts";
import type { Plan } from "../plan/plan.ts";
import { isAbout, sameModel } from "../plan/view.ts";
import type { HostParts } from "./job.ts";

/** A worker is not there any more, or does not answer. */
export class WorkerLostError extends Error {
  override name = "WorkerLostError";
}

/** The workers of one term of a split, as its host sees them in the mesh. */
export class SplitWorkers {
  readonly #plan: Extract<Plan, { kind: "host" }>;
  readonly #term: number;
  readonly #parts: Pick<HostParts, "mesh" | "after">;

  constructor(
    plan: Extract<Plan, { kind: "host" }>,
    term: number,
    parts: Pick<HostParts, "mesh" | "after">,
  ) {
    this.#plan = plan;
    this.#term = term;
    this.#parts = parts;
  }

  /**
   * Resolves when every worker has announced that its rpc-server of this term runs.
   * @throws {WorkerLostError | Error} with the reason of a worker that can't, or that does not answer in time
   */
  async ready(signal: AbortSignal): Promise<void> {
    const late = new AbortController();
    const cancel = this.#parts.after(WORKER_READY_MS, () => late.abort());
    const limit = AbortSignal.any([signal, late.signal]);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      const failure = this.failure();
      if (failure !== undefined) reject(new Error(failure));
      if (this.missing().length === 0) resolve();
    };
    const unsubscribe = this.#parts.mesh.subscribe(check);
    const onAbort = () =>
      reject(new WorkerLostError(`No answer from ${this.missing().join(", ")}`));
    limit.addEventListener("abort", onAbort, { once: true });
    try {
      check();
      limit.throwIfAborted();
      await promise;
    } finally {
      cancel();
      unsubscribe();
      limit.removeEventListener("abort", onAbort);
    }
  }

  /** Why a worker of this term can't lend its memory, where it has said so. */
  failure(): string | undefined {
    const workers = new Set<string>(this.#plan.workers.map(({ peer }) => peer));
    const members = this.#parts.mesh.members().filter((member) =>
      workers.has(member.peer) && this.#obedienceOf(member) !== undefined
    );
    const found = members.flatMap(({ machine: { name }, failures }) =>
      failures.filter(({ model }) => model === this.#plan.model.name)
        .map(({ reason }) => `worker ${name}: ${reason}`)
    );
    return found[0];
  }

  /** The workers whose rpc-server of this term does not run. */
  missing(): string[] {
    const members = new Map<string, Announcement>(
      this.#parts.mesh.members().map((member) => [member.peer, member]),
    );
    return this.#plan.workers.map((worker) => worker.peer).filter((peer) => {
      const member = members.get(peer);
      return !(member && this.#obedienceOf(member)?.ready);
    });
  }

  /** The bytes of its share on each device of a worker, as that has laid it out; `null` where it has not said it. */
  toldBy(peer: PeerId): readonly number[] | null {
    const member = this.#parts.mesh.members().find((one) => one.peer === peer);
    if (member === undefined || this.#obedienceOf(member) === undefined) return null;
    const held = member.reservations.find(({ model }) => sameModel(model, this.#plan.model));
    const bytes = member.machine.devices.map(({ name }) =>
      held?.devices.find((device) => device.name === name)?.bytes ?? 0
    );
    return bytes.some((count) => count > 0) ? bytes : null;
  }

  /** The member's answer to this term. */
  #obedienceOf({ obeys }: Announcement): Obedience | undefined {
    return obeys.find((answer) =>
      answer.host === this.#parts.mesh.self && answer.term === this.#term &&
      isAbout(answer, this.#plan.model)
    );
  }
}
