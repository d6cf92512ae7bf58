import type { PeerId } from "../base/peer_id.ts";
import type { Reach } from "./reach.ts";

/** The part of a reach that the network of a node needs. */
export type ReachEnd = Pick<
  Reach,
  "open" | "lost" | "portOf" | "meet" | "ways" | "drop" | "close"
>;

/**
 * A reach that is made once it is needed: most nodes dial all others, and neither hold a second port nor a thread that
 * waits for its datagrams.
 */
export class LateReach implements ReachEnd {
  readonly #make: () => Reach;
  #made: Reach | undefined;
  #isClosed = false;

  constructor(make: () => Reach) {
    this.#make = make;
  }

  open(...args: Parameters<Reach["open"]>): number {
    return this.#reach().open(...args);
  }

  lost(...args: Parameters<Reach["lost"]>): boolean {
    return this.#made?.lost(...args) ?? false;
  }

  portOf(peer: PeerId): number | undefined {
    return this.#made?.portOf(peer);
  }

  async meet(...args: Parameters<Reach["meet"]>): Promise<void> {
    await this.#reach().meet(...args);
  }

  ways(): ReturnType<Reach["ways"]> {
    return this.#made?.ways() ?? new Map();
  }

  drop(peer: PeerId): void {
    this.#made?.drop(peer);
  }

  get hasNewPorts(): boolean {
    return this.#made?.hasNewPorts ?? false;
  }

  refresh(): void {
    this.#made?.refresh();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#made?.close();
  }

  #reach(): Reach {
    if (this.#isClosed) throw new Error("This node stops");
    return this.#made ??= this.#make();
  }
}
