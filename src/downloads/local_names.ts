import { lookup as resolveName } from "node:dns/promises";
import { NAMELESS_KEPT_MS, NAMELESS_MAX } from "./defaults.ts";

type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

/**
 * The addresses that names have on this machine. A name without any is asked for again only after a while: where a proxy
 * leads outside there is often no name server, and each question would wait for one.
 */
export class LocalNames {
  readonly #lookup: Lookup;
  readonly #now: () => number;
  /** Names without an address, and until when that is believed; the oldest first. */
  readonly #nameless = new Map<string, number>();

  constructor(
    lookup: Lookup = (name) => resolveName(name, { all: true }),
    now: () => number = Date.now,
  ) {
    this.#lookup = lookup;
    this.#now = now;
  }

  async addressesOf(name: string): Promise<readonly string[]> {
    if ((this.#nameless.get(name) ?? -Infinity) > this.#now()) return [];
    const found = await this.#lookup(name).catch(() => []);
    this.#nameless.delete(name);
    if (found.length === 0) this.#remember(name);
    return found.map(({ address }) => address);
  }

  #remember(name: string): void {
    this.#nameless.set(name, this.#now() + NAMELESS_KEPT_MS);
    const [oldest] = this.#nameless.keys();
    if (this.#nameless.size > NAMELESS_MAX && oldest !== undefined) this.#nameless.delete(oldest);
  }
}
