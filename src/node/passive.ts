import { type LoadOptions, ModelRefusedError } from "../api/mod.ts";
import type { Machine, Mesh } from "../mesh/mod.ts";
import type { NodePart } from "./report/part.ts";
import { requestLoadElsewhere } from "./plan/load_requests.ts";
import { TableWatch } from "./standby/table_watch.ts";

/** A client: it has no llama.cpp, no model and no child process. */
export class Passive implements NodePart {
  readonly ownModel = null;
  readonly works = [];
  readonly onDisk = [];
  readonly answering = 0;
  readonly engineRestarts: NodePart["engineRestarts"] = new Map();
  readonly #mesh: Mesh;
  readonly #machine: Machine;
  readonly #table: TableWatch;

  constructor(mesh: Mesh, machine: Machine) {
    this.#mesh = mesh;
    this.#machine = machine;
    this.#table = new TableWatch(mesh);
  }

  status(): ReturnType<NodePart["status"]> {
    return { ...this.#machine, engine: null, role: "client", model: null, vramBytes: 0 };
  }

  askLocal(): null {
    return null;
  }

  hasRetired(): boolean {
    return false;
  }

  idleSinceMs(): undefined {
    return undefined;
  }

  freshen(): Promise<void> {
    return this.#table.freshen();
  }

  watch(): () => void {
    return this.#table.watch();
  }

  /** A client announces nothing: the member that it asks does it. */
  requestLoad(model: string, options: LoadOptions): Promise<boolean> {
    return requestLoadElsewhere(this.#mesh, model, options);
  }

  /** A client stays what it is. */
  enter(): Promise<void> {
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- what it throws comes as a rejection
  async serve(): Promise<void> {
    throw new ModelRefusedError("conflict", "This node is a client: it serves no models");
  }

  drop(): Promise<void> {
    return this.serve();
  }

  run(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      this.#table.stop();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    return promise;
  }
}
