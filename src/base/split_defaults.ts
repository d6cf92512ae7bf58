/** A split over a slower link spends more time waiting than computing: docs/defaults.md. */
export const SPLIT_RTT_LIMIT_MS = 80;
