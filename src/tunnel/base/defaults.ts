/** The numbers of src/tunnel. */

/** One TCP read. Larger reads gained nothing over QUIC, smaller ones cost a quarter of the throughput. */
export const READ_BYTES = 64 * 1024;

/** The most that a body frame carries: one read, so that a frame never waits for a second one. */
export const MAX_BODY_FRAME_BYTES = READ_BYTES;

/** Opening or reply head. Browsers and proxies stop at 8 to 64 KiB of headers; JSON escapes them. */
export const MAX_HEAD_FRAME_BYTES = 256 * 1024;

/** A request's body: docs/api.md. */
export const MAX_REQUEST_BODY_BYTES = 64 * 1024 * 1024;

/** Headers of one message; chosen by feel, far above what any client of the API sends. */
export const MAX_HEADERS = 256;

/** Models that one key may use; with names of 128 characters they take half of a head. */
export const MAX_GRANTED_MODELS = 1_000;

/** Path and query; the common limit of web servers. */
export const MAX_PATH_CHARS = 8 * 1024;

/** The first frame of a stream. The opener writes it at once, so only a stuck peer takes longer. */
export const OPENING_TIMEOUT_MS = 10_000;

/** Dial, admission and the first byte. As long as a worker may keep an early connection waiting. */
export const OPEN_STREAM_TIMEOUT_MS = 30_000;

/** After a whole reply the peer's half-close is waited for this long; then the stream is reset. */
export const LINGER_MS = 5_000;

/** Bytes held for an rpc-server that is not there yet: a HELLO and what may follow it unanswered. */
export const READ_AHEAD_BYTES = 64 * 1024;

/** Pause after a failed accept (no file descriptors left), so that the loop does not spin. */
export const ACCEPT_RETRY_MS = 100;

/** The opening of an RPC stream is a small JSON object; room for what later versions add. */
export const MAX_RPC_OPENING_BYTES = 4 * 1024;

/** As many as a mesh may have members: only years of machines that come and go meet more. */
export const MAX_COUNTED_PEERS = 1_000;
