import type { Logger } from "@logtape/logtape";
import type { LanMesh } from "../base/lan.ts";
import { MAX_LAN_TOLD } from "./defaults.ts";

/** Lines of the log about the network: each once, and no more of them than somebody would read. */
export class LanLog {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  meshes(meshes: readonly LanMesh[]): void {
    for (const { name, shortId } of meshes) {
      const id = `${name}@${shortId}`;
      if (!this.#isNew(id)) continue;
      this.#logger.info("Another mesh is on this network: {name}", { event: "lan", name, id });
    }
  }

  /** @param address of a second node with this node's key */
  copy(address: string | null): void {
    if (address === null || !this.#isNew("copy")) return;
    this.#logger.warn(
      "A node with a copy of this one's data directory runs at {address}: give one of them a data " +
        "directory of its own, and join with a token",
      { address },
    );
  }

  problem(problem: string, level: "info" | "warn"): void {
    if (this.#isNew(problem)) this.#logger[level]("{problem}", { problem });
  }

  #isNew(subject: string): boolean {
    if (this.#told.has(subject) || this.#told.size >= MAX_LAN_TOLD) return false;
    this.#told.add(subject);
    return true;
  }
}
