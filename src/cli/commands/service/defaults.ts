/** Numbers of the service, each with its reason. */

/** A process that died is missed at once; a port that another one still holds is free after a second or two. */
export const RESTART_S = 2;

/** The pauses grow to this: a node that fails for an hour costs nothing, and is back a minute after the cause is gone. */
export const RESTART_MAX_S = 60;

/** In about five failures from the first pause to the last. Chosen by feel. */
export const RESTART_STEPS = 5;

/** The one pause of systemd before 254 and of launchd, which can't let it grow: between the two. */
export const RESTART_WITHOUT_STEPS_S = 5;

/** A node ends within 5 s; its log and a slow disk may take some more. */
export const SERVICE_STOP_S = 20;

/** A node is there after a second or two; one that installs llama.cpp first is not waited for. */
export const SERVICE_START_WAIT_MS = 15_000;

/** Between two looks at whether it is there. */
export const SERVICE_POLL_MS = 200;

/** Of a log, unless all that comes is asked for. Chosen by feel. */
export const SERVICE_LOG_LINES = 200;

/** Long answers of slow machines take minutes. A node that is never idle would keep its old version for ever. */
export const ANSWERS_WAIT_MS = 300_000;

/** Between two looks at what a node answers: one that is asked all the time has nothing to answer for moments only. */
export const ANSWERS_POLL_MS = 100;

/** Between two looks at the bytes of a split: one that is at work sends something within each. */
export const SPLIT_POLL_MS = 1_000;
