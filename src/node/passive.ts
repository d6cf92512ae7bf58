import { ModelRefusedError } from "../api/mod.ts";
import type { Mesh } from "../mesh/mod.ts";
import { FRESHEN_LIMIT_MS, TABLE_FRESH_MS } from "./defaults.ts";
import type { NodePart } from "./part.ts";
import { summonByOthers } from "./summons.ts";

/**
 * A client: it has no llama.cpp, no model and no child process. Its routing table may be a minute old
 * as long as only requests use it, but somebody who looks on wants to see what is so now.
 */
export class Passive implements NodePart {
  readonly ownModel = null;
  readonly onDisk = [];
  readonly engineRestarts = 0;
  readonly loading = null;
  readonly #mesh: Mesh;
  #asked: Promise<void> | undefined;
  #askedMs = -Infinity;
  #watchers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  status(): ReturnType<NodePart["status"]> {
    return { role: "client", model: null, vramBytes: 0, devices: [], engine: null };
  }

  askLocal(): null {
    return null;
  }

  freshen(): Promise<void> {
    if (performance.now() - this.#askedMs > TABLE_FRESH_MS) this.#ask();
    return this.#asked ?? Promise.resolve();
  }

  watch(): () => void {
    if (this.#watchers++ === 0) {
      this.#timer = setInterval(() => void this.freshen(), TABLE_FRESH_MS);
    }
    return () => {
      if (--this.#watchers === 0) clearInterval(this.#timer);
    };
  }

  asked(): void {}

  answered(): void {}

  /** A client announces nothing: the member that it asks does it. */
  summon(model: string, signal: AbortSignal): Promise<boolean> {
    return summonByOthers(this.#mesh, model, signal);
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
      clearInterval(this.#timer);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    return promise;
  }

  #ask(): void {
    this.#askedMs = performance.now();
    const limit = AbortSignal.timeout(FRESHEN_LIMIT_MS);
    this.#asked = this.#mesh.refreshRoutes({ force: true, signal: limit })
      // Nobody answers: what is shown is what was known last, and mesh goes on trying.
      .then(() => {}, () => {})
      .finally(() => this.#asked = undefined);
  }
}
