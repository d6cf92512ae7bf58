import { siteOf } from "../../base/ip_address.ts";
import type { PeerId } from "../base/peer_id.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import { ASK_RATE, PEER_ASK_RATE, SITE_ASK_RATE } from "./defaults.ts";
import type { UdpEnd } from "./udp_end.ts";

const WHOLE_NODE = "";

/**
 * Questions to addresses that have not answered yet: peers name them, and may name a stranger's. Whatever they name, the
 * stranger gets no more than this from the node.
 */
export class AskBudget {
  readonly #node = new RateLimiter(ASK_RATE);
  readonly #peers = new RateLimiter(PEER_ASK_RATE);
  readonly #sites = new RateLimiter(SITE_ASK_RATE);

  /**
   * Spends one question to the end for the peer, if there is one left of each. That of a site comes last: else peers that name
   * many sites would make a limiter, which remembers so many, forget the one that they mean.
   */
  allows(peer: PeerId, end: UdpEnd, now: number): boolean {
    return this.#peers.allows(peer, now) && this.#node.allows(WHOLE_NODE, now) &&
      this.#sites.allows(siteOf(end.ip), now);
  }
}
