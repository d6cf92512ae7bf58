/** The numbers of src/mesh/pairing, each with its reason. Times in milliseconds. */

/** Time to walk to another machine and type six digits; nobody keeps others waiting for longer. */
export const PAIRING_LIFE_MS = 180_000;

/** A message of a few bytes on a local network; a partner that is slower is not there. */
export const PAIRING_STEP_MS = 5_000;

/** A dial on a local network; an interface that is a dead end costs as much. */
export const PAIRING_DIAL_MS = 2_000;

/** A person mistypes once or twice. A man in the middle is right once in a million tries. */
export const PAIRING_TRIES = 3;

/** A machine that was refused, or whose code was wrong three times, doesn't show itself again for so long. */
export const PAIRING_BAN_MS = 600_000;

/** Addresses that have to wait: those of a household. The overall rate holds whoever else comes. */
export const MAX_PAIRING_BANS = 64;

/** From one address: somebody who tries again, changes the machine's name and tries again. */
export const PAIRING_SOURCE_RATE = { burst: 6, perMinute: 2 } as const;

/** From all together: a room full of machines that is set up, and no more than a person can look at. */
export const PAIRING_RATE = { burst: 20, perMinute: 10 } as const;

/** Partners that are answered at one time beside the one that is let through; the longest of the busiest address yields. */
export const MAX_PAIRING_STREAMS = 8;

/** The longest is the token, of 500 to 3,000 characters. */
export const MAX_PAIRING_MESSAGE_BYTES = 16_384;

/** Until a machine of the new mesh has answered: the members live on the same network. */
export const PAIRING_JOIN_MS = 20_000;

/** A mesh answers after 6 to 21 ms, unless a datagram was lost; a first start waits no longer for one that may be there. */
export const LOOK_FIRST_MS = 1_000;

/** Others have until then: an answer may be held back for a quarter of a second. */
export const LOOK_REST_MS = 300;
