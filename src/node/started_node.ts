import type { Logger } from "@logtape/logtape";
import type { ApiServers } from "../api/mod.ts";
import { MembershipEndedError, type Mesh } from "../mesh/mod.ts";
import type { NodeApi } from "./report/node_api.ts";
import type { NodePart } from "./report/part.ts";
import type { ReadyNode, RunningNode } from "./running_node.ts";

export interface NodeParts {
  readonly mesh: Mesh;
  readonly api: NodeApi;
  readonly part: NodePart;
  readonly servers: ApiServers;
  readonly ready: ReadyNode;
  readonly logger: Logger;
}

/** A node at work: it logs who comes and goes, and ends everything in order. */
export class StartedNode implements RunningNode {
  readonly done: Promise<void>;
  readonly #parts: NodeParts;
  readonly #resources: AsyncDisposableStack;
  readonly #stopping = new AbortController();
  readonly #working: Promise<void>;
  readonly #unsubscribe: () => void;
  #stopped: Promise<void> | undefined;
  #expelled = false;

  /** Takes over what the start has opened. */
  constructor(parts: NodeParts, resources: AsyncDisposableStack) {
    this.#parts = parts;
    this.#resources = resources;
    this.#unsubscribe = this.#watchMesh();
    this.#working = parts.part.run(this.#stopping.signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#working.then(() => this.#stopping.signal.aborted && !this.#expelled && resolve(), reject);
    parts.mesh.ended.then((reason) => this.#leave(reason)).catch(reject);
  }

  get ready(): ReadyNode {
    return this.#parts.ready;
  }

  signInUrl(): string | null {
    return this.#parts.servers.signInUrl();
  }

  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stop(reason);
    return this.#stopped;
  }

  /** If the mesh is over for this node, all of its work ends too. */
  async #leave(reason: string): Promise<never> {
    this.#expelled = true;
    await this.stop(reason);
    throw new MembershipEndedError(`This node has stopped: ${reason}`);
  }

  /** Everything at once: peers hear of it while children end. */
  async #stop(reason: string): Promise<void> {
    const { mesh, servers, api, logger } = this.#parts;
    this.#stopping.abort(new Error(`The node stops: ${reason}`));
    this.#unsubscribe();
    api.stop();
    await Promise.allSettled([mesh.stop(), servers.stop(), this.#working]);
    await this.#resources.disposeAsync();
    logger.info("Stopped", { event: "stopped", reason });
  }

  #watchMesh(): () => void {
    const { mesh, api, logger } = this.#parts;
    return mesh.subscribe((event) => {
      if (event.type === "peer") {
        const { peer, name, change } = event;
        logger.info("{name} {change}", { event: "peer", peer, name, change });
        api.send({ type: "peer", peer, name, change });
      }
      api.changed();
    });
  }
}
