/** Numbers of the weights folder. */

/**
 * What received weights may take on disk: the larger half of a 70B model at 4 bits, twice. Least
 * recently used ones go first.
 */
export const STORE_QUOTA_BYTES = 64e9;
