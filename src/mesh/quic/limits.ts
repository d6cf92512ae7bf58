/** The numbers of src/mesh/quic, each with its reason. Sizes in bytes, times in milliseconds. */

/** Larger reads gained nothing over QUIC on loopback, smaller ones cost a quarter of the throughput. */
export const READ_BYTES = 65_536;

/** While little arrives: a pending read holds its buffer, and most streams are silent most of the time. */
export const QUIET_READ_BYTES = 4_096;

/** A split brings a few KB for each token, and answers in between: what was just more than a little will be so again. */
export const QUIET_AFTER_READS = 8;

/** Copying this much takes a microsecond or two; waiting for the addon takes twenty. */
export const COALESCE_MAX_BYTES = 16_384;

/** The buffer that gathers small writes; one read at the other end. */
export const WRITE_BATCH_BYTES = 65_536;

/** Small writes that a stream takes before it makes the writer wait: a few batches, so that the addon never idles. */
export const STREAM_QUEUE_BYTES = 262_144;

/** The bytes that libp2p code that does not wait for `drain` may pile up on a stream; then the stream is aborted. */
export const MAX_UNSENT_BYTES = 4_194_304;

/** Bytes of all streams of a connection on their way to the addon; more wait. 256 streams with a batch each. */
export const MAX_QUEUED_BYTES = 16_777_216;

/** Unread bytes of a stream: window / RTT bounds its speed, so that 80 ms still allow 100 MB/s. */
export const STREAM_WINDOW_BYTES = 8_388_608;

/** Unread bytes of a connection: eight streams must stand still before they hold up the others. */
export const CONNECTION_WINDOW_BYTES = 67_108_864;

/** How long a reader may pause while its connection is close to standing still. Chosen by feel. */
export const STALLED_MS = 30_000;

/** Streams that a peer may have open on a connection; its next one waits. Four times a busy host's. */
export const MAX_STREAMS = 1_024;

/** As libp2p's own: how long a stream may be open without a word. */
export const NEGOTIATION_MS = 10_000;

/**
 * How long an agreement to a protocol waits for an answer to go with, where the peer does not wait for it. It also shows
 * the peer that somebody is there: a node gives up after `OPEN_PATIENCE_MIN_MS` at the earliest, half a second.
 */
export const AGREEMENT_MS = 5;

/** How long a new stream waits for a free slot: a peer that frees none in this time frees none. */
export const OPEN_STREAM_TIMEOUT_MS = 10_000;

/** docs/defaults.md: 1,000 members, and as many clients that pass by. */
export const MAX_CONNECTIONS = 2_000;

/**
 * A connection's memory in the addon is free once V8 has collected its objects, which an idle process does within 10 to
 * 15 s.
 */
export const COLLECTED_MS = 20_000;

/** Connections whose memory is worth a look through all of it: each leaves some 60 KB. */
export const CONNECTIONS_WORTH_TRIMMING = 64;

/** Accepts that wait for somebody: a burst of this many is served at once. They cost a few KB each. */
export const SPARE_ACCEPTS = 256;

/** Handshakes under way. One that never ends holds 64 KB for the idle timeout: 128 MB under attack. */
export const MAX_HANDSHAKES = 2_048;

/**
 * A handshake that hangs fires no event, so the spare accepts are counted this often: dials wait for it only where
 * all of them hang, and a node that idles wakes for little else.
 */
export const ACCEPT_CHECK_MS = 1_000;

/** ... and this often while a flood eats them. */
export const ACCEPT_CHECK_FAST_MS = 10;

/** While accepts keep failing, the pauses between new ones grow to this: a good peer's dial lasts longer. */
export const MAX_ACCEPT_PAUSE_MS = 200;

/**
 * Of sending and receiving, each. The system's limit decides where it is lower; bursts of a fast sender drop less. Of the
 * socket that listens `receive_buffer.ts` sees to it.
 */
export const SOCKET_BUFFER_BYTES = 4_194_304;

/** The port of a listener is free in 80 ms, where handshakes hang in 3 s: then nobody waits for it. */
export const CLOSE_LISTENER_MS = 1_000;

/**
 * Between the end of a connection's data and its goodbye. In the midst of data up to one goodbye of
 * three never arrived, since a busy receiver's socket drops it; with this pause none of 60 was lost.
 */
export const QUIET_MS = 10;

/** The addon sends on threads of its own, which an exit cuts off. After 1 ms one of eight had not been sent. */
export const GOODBYE_MS = 90;

/** Two dials that cross are this close: a handshake on a slow WAN between two busy machines. */
export const CROSSING_DIALS_MS = 3_000;

/** A peer that has not seen the other connection yet may open a stream on the one that goes. */
export const DRAIN_QUIET_MS = 2_000;

/** How long a finished stream's peer is waited for before the stream is reset. */
export const LINGER_MS = 5_000;
