/** Numbers of the page. */

/** The node is on this machine more often than not: a short first pause makes a restart hardly visible. */
export const RECONNECT_FIRST_MS = 500;

/** Long enough to cost nothing, short enough that nobody reaches for the reload button. */
export const RECONNECT_MAX_MS = 5_000;

/** How long a copy button says that it has copied. Chosen by feel. */
export const COPIED_SHOWN_MS = 2_000;

/** Distance from the end, in pixels, within which a chat keeps following the answer. About two lines. */
export const FOLLOW_DISTANCE_PX = 48;

/**
 * Tokens that come within less than this came together: their rate would be the network's, not the model's. Chosen by
 * feel.
 */
export const RATE_SPAN_MIN_MS = 5;

/** Pieces of news kept. More than a page shows is not read. */
export const NEWS_MAX = 20;

/** Requests kept in the page: an hour's work of one person, and still drawn at once. */
export const REQUESTS_MAX = 200;

/** Log lines kept in the page. */
export const LOG_LINES_MAX = 500;

/** Samples of memory in use kept in the page, one a status at most: ten minutes at the fastest. */
export const SAMPLES_MAX = 600;

/** Time between two samples of memory. */
export const SAMPLE_INTERVAL_MS = 1_000;

/** A text file that goes with a question: some 50,000 tokens, more than most contexts hold. */
export const TEXT_FILE_MAX_BYTES = 200_000;

/** Longest edge of an image that goes with a question: what vision models of 2026 look at. */
export const IMAGE_EDGE_MAX_PX = 1_344;

/** Files that go with one question. */
export const ATTACHMENTS_MAX = 8;

/** Conversations kept in the browser; the oldest goes when one more comes. */
export const CONVERSATIONS_MAX = 100;

/** A running answer is kept this often, so that a closed page loses little of it. */
export const SAVE_INTERVAL_MS = 1_000;

/** Longer code stays without colours: it would hold the page up for longer than a frame. */
export const HIGHLIGHT_MAX_CHARS = 30_000;

/** How often the page asks for the catalog while a download runs: a bar that moves, and little work. */
export const CATALOG_POLL_MS = 1_000;

/** A point in the charts of requests. Chosen by feel: fine enough for one answer to show. */
export const BUCKET_MS = 10_000;

/** Ten minutes of them. */
export const BUCKETS = 60;

/** The time that the charts show. */
export const CHART_SPAN_S = (BUCKET_MS * BUCKETS) / 1000;

/** A machine's rate is an average over this long, as the node's own is. */
export const RATE_WINDOW_MS = 10_000;

/** Meshes nearby on the first screen: anybody on the network may announce any number of them. */
export const NEARBY_SHOWN = 3;
