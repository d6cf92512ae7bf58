/** The numbers of src/tunnel/weights. */

/**
 * The largest tensor that is held back until it is known to be a weight. llama.cpp asks for larger
 * ones by their hash before it sends them, so that nothing of theirs needs to be held.
 */
export const MAX_REFERRED_BYTES = 10 * 1024 * 1024;

/** Tensors held until the worker has said that it has them: two of the largest, or a layer of small ones. */
export const MAX_HELD_BYTES = 2 * MAX_REFERRED_BYTES;

/** References on their way at once; far more than what {@linkcode MAX_HELD_BYTES} needs in practice. */
export const MAX_REFERENCES = 256;

/** The size that one message of RPC bytes may claim: it is handed on as it comes, so nothing is held of it. */
export const MAX_BYTES_MESSAGE = 2 ** 31;

/** Answers to one connection's repeated questions; a load asks some ten different ones. */
export const MAX_REMEMBERED = 512;

/** A write that waits longer is counted as a stall: a token's budget at ten tokens a second. */
export const STALL_MS = 100;
