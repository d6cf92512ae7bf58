/** Numbers of the weights folder. */

/**
 * The disk space that received weights may take: the larger half of a 70B model at 4 bits, twice. Least recently used
 * ones go first.
 */
export const STORE_QUOTA_BYTES = 64e9;

/** The bytes that may wait for the disk while weights come over the network; above it an entry is dropped. */
export const WRITE_BEHIND_BYTES = 96 * 1024 * 1024;

/**
 * Entries up to this size are verified in memory and handed out as they were verified; larger ones are
 * read twice. Nearly all tensors of models that fit a home are below.
 */
export const WHOLE_ENTRY_BYTES = 64 * 1024 * 1024;

/** Pieces of 4 MiB that are read and hashed ahead of their use: two cores keep up with any rpc-server. */
export const PIECES_AHEAD = 3;

/** Just below the largest block by which glibc can be taught: some pieces' copies at once. */
export const KEPT_BLOCK_BYTES = 31 * 1024 * 1024;
