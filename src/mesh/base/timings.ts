/** When the death of a peer is noticed, and what of: docs/architecture.md. All of it in one object. Milliseconds. */

/** How a member looks after one that it is connected to. */
export interface Heartbeat {
  readonly intervalMs: number;
  /** How long an answer is waited for. */
  readonly timeoutMs: number;
  /** Answers in a row that stay away before the peer is probed. */
  readonly misses: number;
}

export interface MeshTimings {
  /** Between any two members that are connected. */
  readonly wide: Heartbeat;
  /** Inside a split. */
  readonly close: Heartbeat;
  /** The one direct probe of a suspect: a handshake or a ping, whichever answers. */
  readonly probeMs: number;
  /** QUIC's own word on a silent connection. */
  readonly keepAliveMs: number;
  /** A connection without an answer to that is closed. */
  readonly idleMs: number;
}

/** docs/defaults.md. A loaded peer far away answers within 5 s. */
const WIDE: Heartbeat = { intervalMs: 60_000, timeoutMs: 5_000, misses: 2 };

export const MESH_TIMINGS: MeshTimings = {
  wide: WIDE,
  /** 2 s to the next beat, two misses of 1 s and a probe of 2 s: the 6 s within which a split reacts. */
  close: { ...WIDE, intervalMs: 2_000, timeoutMs: 1_000 },
  probeMs: 2_000,
  /** A peer behind a quiet NAT is forgotten after about 30 s; three keep-alives fit into that. */
  keepAliveMs: 10_000,
  /**
   * Two lost keep-alives: a peer that was killed is noticed without anybody using it. QUIC counts from the first
   * keep-alive that stays unanswered, up to 10 s after the last word, and the probe takes 2 s more: with 30 s
   * here a death would be known after 42 s, with 27 s it is known within 40 s.
   */
  idleMs: 27_000,
};
