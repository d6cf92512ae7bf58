import { closeWeight, type FrameToFill, type OpenedWeight } from "./fill.ts";

export interface FillQueueOptions<Fill extends FrameToFill> {
  readonly open: (fill: Fill) => Promise<OpenedWeight | undefined>;
  /** Writes one, or refuses it where it was not found. */
  readonly fill: (fill: Fill, opened: OpenedWeight | undefined) => Promise<void>;
}

interface Entry<Fill> {
  readonly fill: Fill;
  opened: Promise<OpenedWeight | undefined> | undefined;
}

/**
 * Fills frames one after the other while more of them come. The next one is read and verified while one
 * is written, so that neither the disk nor rpc-server waits for the other.
 */
export class FillQueue<Fill extends FrameToFill> {
  readonly #options: FillQueueOptions<Fill>;
  #entries: Entry<Fill>[] = [];
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: FillQueueOptions<Fill>) {
    this.#options = options;
  }

  get length(): number {
    return this.#entries.length;
  }

  add(fill: Fill): void {
    this.#entries.push({ fill, opened: undefined });
    if (this.#entries.length === 1) {
      this.#running = this.#run().catch((error) => this.#fail(error));
    } else if (this.#entries.length === 2) this.#open(this.#entries[1]!);
  }

  /** Resolves when nothing is left to fill. @throws what kept it from that. */
  async done(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the current read. The current write comes to its end, or fails with its connection. */
  async end(): Promise<void> {
    const left = this.#entries.splice(1);
    await this.#running;
    for (const { opened } of left) await close(await opened);
  }

  async #run(): Promise<void> {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const opened = await this.#open(entry);
      if (this.#entries[1] !== undefined) this.#open(this.#entries[1]);
      try {
        await this.#options.fill(entry.fill, opened);
      } finally {
        await close(opened);
      }
      this.#entries.shift();
    }
  }

  #open(entry: Entry<Fill>): Promise<OpenedWeight | undefined> {
    return entry.opened ??= this.#options.open(entry.fill);
  }

  async #fail(error: unknown): Promise<void> {
    this.#failure = error;
    for (const { opened } of this.#entries.splice(0)) await close(await opened);
  }
}

async function close(opened: OpenedWeight | undefined): Promise<void> {
  if (opened !== undefined) await closeWeight(opened);
}
