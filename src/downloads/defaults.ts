/** The numbers of src/downloads. */

/** A file is fetched, counted and resumed in pieces of this size: what a kill loses at most, for each that is under way. */
export const CHUNK_BYTES = 16 * 1024 * 1024;

/** Ranges fetched at the same time: a CDN limits one connection to a fraction of a fast line. */
export const PARALLEL_RANGES = 4;

/** A server that has not answered by then is down. */
export const CONNECT_TIMEOUT_MS = 20_000;

/** The slowest line that is worth waiting for brings something within this time. */
export const STALL_TIMEOUT_MS = 30_000;

/** Failures in a row, without a byte between them, before a download gives up. */
export const MAX_FAILURES = 6;

/** First pause after a failure; doubles with each further one. */
export const RETRY_PAUSE_MS = 500;

/** The longest pause, also where a server asks for a longer one. */
export const RETRY_PAUSE_MAX_MS = 15_000;

/** Hugging Face needs one redirect, mirrors two. */
export const MAX_REDIRECTS = 5;

/** Left free on the disk: a full one breaks the rest of the machine. */
export const DISK_RESERVE_BYTES = 512 * 1024 * 1024;

/** Bytes hashed at once while a file is checked: about 2 ms of the event loop. */
export const HASH_STEP_BYTES = 1024 * 1024;

/** A file of 4 TB has 250,000 chunks, each with the 60 letters of who brought it. */
export const PART_STATE_BYTES_MAX = 32 * 1024 * 1024;

/** How long a name is believed to have no address here; a download that began without a name server ends without one. */
export const NAMELESS_KEPT_MS = 60_000;

/** Servers of models and their redirects are a handful. */
export const NAMELESS_MAX = 100;
