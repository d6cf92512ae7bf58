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

/**
 * Bytes that wait for more while nobody waits for them: what a host sends for a token, even of the widest models. Each
 * write costs a packet, a system call and a wake-up at both ends, which is ten times what a copy of so much costs.
 */
export const GATHERED_BYTES = 32 * 1024;

/** The longest that they wait. llama-server's next bytes come within a tenth of it. */
export const GATHER_MS = 1;

/**
 * llama-server says all that a token needs within half a millisecond, in 30 writes: read one by one on the only core they
 * take ten turns of the event loop, 0.12 ms of CPU, from llama-server itself. On a core of its own a node reads most of them
 * at once, and a token was 0.1 to 0.35 ms later for it.
 */
export const NAP_MS = 0.2;

/** Answers to one connection's repeated questions; a load asks some ten different ones. */
export const MAX_REMEMBERED = 512;

/** A write that waits longer is counted as a stall: a token's budget at ten tokens a second. */
export const STALL_MS = 100;
