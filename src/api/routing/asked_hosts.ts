import type { Load } from "./balance.ts";
import { DOUBT_MS, LOAD_FRESH_MS, USUAL_SLOTS } from "../base/defaults.ts";

interface Said extends Load {
  readonly atMs: number;
  /** Requests of this gateway that the host had then. */
  readonly own: number;
}

/** This gateway's knowledge of one host. */
interface AskedHost {
  /** Requests of this gateway that it has. */
  own: number;
  /** When something last came of it. A machine that vanishes says nothing, on none of its streams. */
  heardMs: number;
  /** Its report of its load. */
  said: Said | undefined;
}

/**
 * The hosts that this gateway asks: what they have to do, and whether they are silent. Of a host that has nothing to do for
 * this gateway, and has said nothing lately, nothing is kept: hosts come and go with every restart of a mesh.
 */
export class AskedHosts {
  readonly #hosts = new Map<string, AskedHost>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A request begins: from now on the host has time to answer. */
  started(host: string): void {
    this.#forgetIdle();
    const { own, said } = this.#hosts.get(host) ?? { own: 0, said: undefined };
    this.#hosts.set(host, { own: own + 1, heardMs: this.#now(), said });
  }

  ended(host: string): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) known.own = Math.max(0, known.own - 1);
  }

  /** Something came of the host. */
  heard(host: string): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) known.heardMs = this.#now();
  }

  /** True once each time that a host was silent for {@linkcode DOUBT_MS}. */
  isDoubtful(host: string): boolean {
    const known = this.#hosts.get(host);
    const now = this.#now();
    if (known === undefined || now - known.heardMs < DOUBT_MS) return false;
    known.heardMs = now;
    return true;
  }

  /** @param load as the header of an answer says. */
  said(host: string, { active, slots }: Load): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) known.said = { active, slots, atMs: this.#now(), own: known.own };
  }

  /** The work that it has: the requests of this gateway, and those of others that its answers report. */
  loadOf(host: string): Load {
    const { own = 0, said } = this.#hosts.get(host) ?? {};
    if (said === undefined || this.#isOld(said)) {
      return { active: own, slots: said?.slots ?? USUAL_SLOTS };
    }
    // Others' requests are believed to go on; its own this gateway knows.
    return { active: Math.max(said.active - said.own, 0) + own, slots: said.slots };
  }

  #forgetIdle(): void {
    for (const [host, { own, said }] of this.#hosts) {
      if (own === 0 && (said === undefined || this.#isOld(said))) this.#hosts.delete(host);
    }
  }

  #isOld({ atMs }: Said): boolean {
    return this.#now() - atMs > LOAD_FRESH_MS;
  }
}
