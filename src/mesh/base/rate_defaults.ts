/** How often a peer may do something, each with its reason. */

import { MAX_PENDING_JOINS, MAX_STREAMS_PER_CONNECTION } from "./defaults.ts";

/** Strangers that nobody here is connected to, by one invite: a rack that starts is known to a large mesh in minutes. */
export const NEWCOMER_RATE = { perSecond: 4, burst: 64 } as const;

/** Streams of any protocol that a peer may open, unless it is said otherwise: as many at once as a connection holds. */
export const STREAM_RATE = { perSecond: 200, burst: MAX_STREAMS_PER_CONNECTION } as const;

/** Gossip lives as long as its connection. */
export const GOSSIP_RATE = { perSecond: 0.5, burst: 20 } as const;

/** A client asks every 30 s, or at each request that fails; a console that is looked at every second or two. */
export const ROUTES_RATE = { perSecond: 5, burst: 50 } as const;

/** One stream a connection, and one for each revocation that somebody makes. */
export const REVOCATIONS_RATE = { perSecond: 5, burst: 50 } as const;

/** One stream for each removal of a machine by which the peer came. */
export const RENEWAL_RATE = { perSecond: 1, burst: 20 } as const;

/** Waiting records are sent at most every 5 ms: a peer that is faster than that for a while breaks the link. */
export const GOSSIP_MESSAGE_RATE = { perSecond: 250, burst: 1_000 } as const;

/** Records in gossip: a mesh of 1,000 told anew, twice, and 100 changes a second. More are dropped; the sender tells them again. */
export const RECORD_RATE = { perSecond: 100, burst: 4_000 } as const;

/**
 * Connections from one address: a house that starts, twice. Each costs 2 ms of a core until it has shown what it wants,
 * so that a flood takes a fifth of one, and those that join from the flood's own address get in within some tries.
 */
export const CONNECT_RATE = { perSecond: 100, burst: 2 * MAX_PENDING_JOINS } as const;

/** Joins of one peer: redials come 0.5 s apart at the fastest, in both directions at once. */
export const JOIN_RATE = { perSecond: 2, burst: 20 } as const;

/** Bad messages that are forgiven, for versions differ and memory flips bits; then the connection is closed. */
export const MISCONDUCT_RATE = { perSecond: 0.1, burst: 5 } as const;

/** Asked once for each join of a node that seems to be here already. */
export const LIFE_RATE = { perSecond: 1, burst: 20 } as const;

/** Relayed paths that one peer opens: a mesh that comes back after a sleep opens one for each of its machines. */
export const RELAY_STREAM_RATE = { perSecond: 5, burst: 128 } as const;

/** Times that others are asked to carry to one peer: a dead one, which is dialled every few seconds, costs them next to nothing. */
export const CARRY_ASK_RATE = { perSecond: 0.2, burst: 8 } as const;

/** Meetings that a peer opens: one for each connection by a pipe, and one for each pipe that this node carries for. */
export const MEET_RATE = { perSecond: 2, burst: 64 } as const;

/** Bytes of one pair, both directions together: a weight of a split is loaded at the speed of a good line. */
export const PAIR_RATE = { perSecond: 64_000_000, burst: 16_000_000 } as const;

/** Bytes of a client and one host: answers and pictures. */
export const CLIENT_PAIR_RATE = { perSecond: 8_000_000, burst: 4_000_000 } as const;

/** Bytes of all pairs of one mesh that a node carries for: a gigabit line. */
export const CARRY_RATE = { perSecond: 128_000_000, burst: 32_000_000 } as const;
