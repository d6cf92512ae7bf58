/** Numbers of the page. */

/** The node is on this machine more often than not: a short first pause makes a restart hardly visible. */
export const RECONNECT_FIRST_MS = 500;

/** Long enough to cost nothing, short enough that nobody reaches for the reload button. */
export const RECONNECT_MAX_MS = 5_000;

/** How long a copy button says that it has copied. Chosen by feel. */
export const COPIED_SHOWN_MS = 2_000;

/** Distance from the end, in pixels, within which a chat keeps following the answer. About two lines. */
export const FOLLOW_DISTANCE_PX = 48;
