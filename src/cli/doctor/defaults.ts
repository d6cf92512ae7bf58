/** Numbers of the doctor, each with its reason. */

/** Clocks that are further apart than this are wrong, not late: NTP keeps them within milliseconds. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** A small model is some GB, and a download that does not fit is refused. Chosen by feel. */
export const LOW_DISK_BYTES = 5e9;
