import type { Load } from "./balance.ts";
import { DOUBT_MS, LOAD_FRESH_MS, USUAL_SLOTS } from "../base/defaults.ts";
import type { GatewayInstance } from "../base/types.ts";

interface Said extends Load {
  readonly atMs: number;
  /** Requests of this gateway that the instance had then. */
  readonly own: number;
}

interface AskedInstance {
  /** Requests of this gateway that it has. */
  own: number;
  /** Its report of its load. */
  said: Said | undefined;
}

/** This gateway's knowledge of one host. */
interface AskedHost {
  /** When something last came of it. A machine that vanishes says nothing, on none of its streams. */
  heardMs: number;
  /** Each has a llama-server of its own. */
  readonly instances: Map<string, AskedInstance>;
}

type Asked = Pick<GatewayInstance, "host" | "model" | "fingerprint">;

/**
 * The hosts that this gateway asks: what their instances have to do, and whether they are silent. Of one that has nothing
 * to do for this gateway, and has said nothing lately, nothing is kept: hosts come and go with every restart of a mesh.
 */
export class AskedHosts {
  readonly #hosts = new Map<string, AskedHost>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A request begins: from now on the host has time to answer. */
  started(asked: Asked): void {
    this.#forgetIdle();
    const { own, said } = this.#of(asked) ?? { own: 0, said: undefined };
    const instances = this.#hosts.get(asked.host)?.instances ?? new Map<string, AskedInstance>();
    instances.set(keyOf(asked), { own: own + 1, said });
    this.#hosts.set(asked.host, { heardMs: this.#now(), instances });
  }

  ended(asked: Asked): void {
    const known = this.#of(asked);
    if (known !== undefined) known.own = Math.max(0, known.own - 1);
  }

  /** Something came of the host. */
  heard({ host }: Asked): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) known.heardMs = this.#now();
  }

  /** True once each time that a host was silent for {@linkcode DOUBT_MS}. */
  isDoubtful({ host }: Asked): boolean {
    const known = this.#hosts.get(host);
    const now = this.#now();
    if (known === undefined || now - known.heardMs < DOUBT_MS) return false;
    known.heardMs = now;
    return true;
  }

  /** @param load as the header of an answer says. */
  said(asked: Asked, { active, slots }: Load): void {
    const known = this.#of(asked);
    if (known !== undefined) known.said = { active, slots, atMs: this.#now(), own: known.own };
  }

  /** The work that an instance has: the requests of this gateway, and those of others that its answers report. */
  loadOf(asked: Asked): Load {
    const { own = 0, said } = this.#of(asked) ?? {};
    if (said === undefined || this.#isOld(said)) {
      return { active: own, slots: said?.slots ?? USUAL_SLOTS };
    }
    // Others' requests are believed to go on; its own this gateway knows.
    return { active: Math.max(said.active - said.own, 0) + own, slots: said.slots };
  }

  #of(asked: Asked): AskedInstance | undefined {
    return this.#hosts.get(asked.host)?.instances.get(keyOf(asked));
  }

  #forgetIdle(): void {
    for (const [host, { instances }] of this.#hosts) {
      for (const [key, { own, said }] of instances) {
        if (own === 0 && (said === undefined || this.#isOld(said))) instances.delete(key);
      }
      if (instances.size === 0) this.#hosts.delete(host);
    }
  }

  #isOld({ atMs }: Said): boolean {
    return this.#now() - atMs > LOAD_FRESH_MS;
  }
}

function keyOf({ model, fingerprint }: Asked): string {
  return `${fingerprint} ${model}`;
}
