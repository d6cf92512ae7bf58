/** The numbers of src/mesh/reach, each with its reason. Sizes in bytes, times in milliseconds. */

/** As the addon's own sockets have: bursts of a fast sender drop less. The system's limit decides where it is lower. */
export const UDP_BUFFER_BYTES = 4_194_304;

/** The longest that UDP carries; one receive brings as many datagrams of one sender as fit. */
export const MAX_UDP_BYTES = 65_507;

/** Linux takes no more segments in one call (`UDP_MAX_SEGMENTS` was 64 for long). */
export const MAX_SEGMENTS = 64;

/** Receives of one socket before the next has its turn, and turns before the rest of the program has one: some 2 MB. */
export const RECEIVES_A_TURN = 16;
export const TURNS_AT_ONCE = 4;

/** Other ends that a socket remembers in its own form; more cost a little time each. */
export const MAX_REMEMBERED_ENDS = 1_024;

/** On a system without those calls, the datagrams that wait for the system, more are dropped. */
export const MAX_QUEUED_SENDS = 256;

/** A receive that fails is tried again after this long, so that one which always fails costs nothing. */
export const READ_RETRY_MS = 10;
