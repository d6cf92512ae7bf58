import { FAILED_HOST_MS } from "../plan/defaults.ts";
import { afterOpening, avoidMs, type OpenTimes, patienceMs } from "./open_patience.ts";

interface Reached {
  /** How long streams to the host have taken to open. */
  times: OpenTimes | undefined;
  /** Streams in a row that did not open. */
  failures: number;
  /** It could not be reached, and is asked last until then: the mesh may go on naming it for a while. */
  avoidedUntilMs: number;
}

/** How well each host can be reached, as this node's gateway has found: one record for each. Time is an argument. */
export class Reachability {
  readonly #hosts = new Map<string, Reached>();

  /** How long the next stream may take to open; of a host that was asked nothing yet the mesh's round trip counts. */
  patienceMs(host: string, rttMs: number | undefined): number {
    const measured = rttMs === undefined ? undefined : afterOpening(undefined, rttMs);
    const { times = measured, failures = 0 } = this.#hosts.get(host) ?? {};
    return patienceMs(times, failures);
  }

  /** A stream has opened. */
  opened(host: string, ms: number): void {
    const known = this.#of(host);
    known.times = afterOpening(known.times, ms);
    known.failures = 0;
  }

  /** No stream has opened. */
  failedToOpen(host: string, nowMs: number): void {
    const known = this.#of(host);
    known.failures += 1;
    known.avoidedUntilMs = nowMs + avoidMs(known.failures);
  }

  /** An open stream broke. */
  broke(host: string, nowMs: number): void {
    this.#of(host).avoidedUntilMs = nowMs + FAILED_HOST_MS;
  }

  isAvoided(host: string, nowMs: number): boolean {
    return (this.#hosts.get(host)?.avoidedUntilMs ?? 0) > nowMs;
  }

  /** Forgets hosts that are gone, once they are not avoided any more: a host that is lost may be back in a moment. */
  forgetOthers(isHere: (host: string) => boolean, nowMs: number): void {
    for (const host of this.#hosts.keys()) {
      if (!isHere(host) && !this.isAvoided(host, nowMs)) this.#hosts.delete(host);
    }
  }

  #of(host: string): Reached {
    const known = this.#hosts.get(host) ?? { times: undefined, failures: 0, avoidedUntilMs: 0 };
    this.#hosts.set(host, known);
    return known;
  }
}
