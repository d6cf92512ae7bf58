/** Nodes on the machines of two sites, reached from the test as if they ran beside it. */

import { join } from "node:path";
import { processesIn } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { buildTwoSites, type Machine, type TwoSitesOptions } from "../support/two_sites.ts";
import { startServing } from "./mesh_of_nodes.ts";

/** A child whose node was killed has this long to end: its guard sends SIGTERM, and SIGKILL a few seconds later. */
const ORPHAN_LIMIT_MS = 15_000;

export type SitesOptions = TwoSitesOptions & {
  /** The folder in which each machine's data directory is made, with the models of all. */
  readonly folder: string;
};

/** The sites, with a seat on each machine. */
export async function sitesOfNodes({ folder, ...options }: SitesOptions) {
  const stack = new AsyncDisposableStack();
  const sites = stack.use(await buildTwoSites(options));
  const seat = (machine: Machine) => {
    const dataDir = join(folder, machine.namespace);
    const port = String(options.udpPort);
    const args = ["--models-dir", folder, "--bind-port", port];
    return stack.use(new Seat(machine, dataDir, args));
  };
  return {
    west: sites.west.map(seat),
    east: sites.east.map(seat),
    cut: () => sites.cut(),
    mend: () => sites.mend(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A machine, and the node that runs on it now. */
export class Seat implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #dataDir: string;
  readonly #args: readonly string[];
  #node: NodeProcess | undefined;

  constructor(machine: Machine, dataDir: string, args: readonly string[]) {
    this.#machine = machine;
    this.#dataDir = dataDir;
    this.#args = args;
  }

  get node(): NodeProcess {
    if (this.#node === undefined) throw new Error("No node was started on this machine");
    return this.#node;
  }

  /** Again with the data of the last one. */
  async start(args: readonly string[]): Promise<NodeProcess> {
    await this.#node?.[Symbol.asyncDispose]();
    const { namespace, door } = this.#machine;
    const options = { namespace, dataDir: this.#dataDir, name: namespace };
    const node = await startServing([...args, ...this.#args], options);
    this.#node = node;
    const [api, console] = [await door.wayTo(node.ready.api), await door.wayTo(node.ready.console)];
    node.ready = { ...node.ready, api, console };
    return node;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.node.kill("SIGKILL");
    await this.node.exited;
  }

  /** The processes of a node that has ended that still run here. */
  async orphans(): Promise<number[]> {
    const endMs = performance.now() + ORPHAN_LIMIT_MS;
    for (;;) {
      const found = await processesIn(this.#machine.namespace);
      const orphans = found.filter((pid) => pid !== this.#machine.door.pid);
      if (orphans.length === 0 || performance.now() > endMs) return orphans;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]();
  }
}
