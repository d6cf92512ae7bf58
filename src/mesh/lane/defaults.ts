/** Numbers of the wide lane, each with its reason. Sizes in bytes, times in milliseconds. */

/** As a QUIC stream's reads: a record of TLS fills a quarter of it, and several small frames come at once. */
export const LANE_READ_BYTES = 65_536;

/** A frame's length, behind the byte for its kind, has three bytes; longer writes are several frames. */
export const MAX_FRAME_BYTES = 65_536;

/** The buffer of a stream that writes little. */
export const QUIET_WRITE_BYTES = 16_384;

/** Bytes that a stream takes before its writer waits, as QUIC streams do: one such buffer leaves while one is filled. */
export const MAX_GATHERED_BYTES = 262_144;

/** A greeting is a secret and a PeerId, an opening the name of a protocol. */
export const MAX_CONTROL_BYTES = 256;

/** Nobody guesses so many. */
export const SECRET_BYTES = 32;

/** A secret is used a round trip after it was given; a slow WAN and a busy machine take a second or two. */
export const SECRET_LIFE_MS = 10_000;

/** Secrets of one peer that wait to be used, the oldest goes first: as many as streams it opens at once. */
export const MAX_SECRETS_A_PEER = 64;

/** A greeting follows the handshake at once: two round trips of a slow WAN and a loaded machine. */
export const GREETING_MS = 5_000;

/** Connections that have proven nothing; beyond it the longest there of the busiest source goes. They hold 5 MB. */
export const MAX_UNPROVEN = 64;

/**
 * How long a stream waits for its way by TCP before it takes QUIC: a few round trips on a slow WAN. A port that a firewall
 * swallows costs each peer's first stream so much.
 */
export const LANE_PATIENCE_MS = 1_500;

/** A connection that comes later, on a busy machine, is for the next stream. Later still its secret does not count. */
export const LANE_DIAL_MS = SECRET_LIFE_MS;

/**
 * A peer that did not answer by TCP is tried again after this, twice as long after each further failure: what breaks is
 * mostly back in seconds, and a split that loads over QUIC stays there for as long as it is loaded.
 */
export const LANE_RETRY_MS = 5_000;

/** ... up to this: a firewall that is changed is noticed within it. */
export const LANE_RETRY_MAX_MS = 600_000;

/** Connections that wait for the next stream: a load opens two or three at once, a download four. */
export const SPARE_LANES = 2;

/** A spare that nobody has used for so long is closed. */
export const SPARE_IDLE_MS = 15_000;

/** The end that has not opened it waits longer, so that none is closed while it is taken. */
export const SPARE_PATIENCE_MS = 30_000;

/** A port is in use for a while by a connection of another program that goes out. */
export const LISTEN_AGAIN_MS = 30_000;

/** As the heartbeat inside a split: between two signs of life of a stream, and two looks at whether the peer gives any. */
export const ALIVE_MS = 2_000;

/** Turns of `ALIVE_MS` in which nothing came while bytes were waited for: then the way is gone, as after QUIC's idle time. */
export const MAX_SILENT_TURNS = 15;

/**
 * Those in which the peer said over QUIC that it is there, and nothing came by TCP. Behind an outage of both, TCP may
 * come back later than QUIC by as long as that lasted: one of four seconds breaks no stream, and longer ones end a split.
 */
export const MAX_STRIKES = 3;

/** Between the end of a stream's data and the peer's: as long as QUIC streams linger. */
export const LANE_LINGER_MS = 5_000;

/** Connections of the lane that one QUIC connection may have, those that wait for a stream among them. */
export const MAX_LANES = 256;

/** Each connection is asked for by itself. */
export const LANE_RATE = { perSecond: 50, burst: MAX_LANES } as const;

/** A certificate of 400 bytes, a secret, a port. */
export const MAX_LANE_MESSAGE_BYTES = 4_096;
