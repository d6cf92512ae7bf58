/** Numbers of the command line, each with its reason. */

/** Below src/node's own limit plus one second this would cut off an orderly goodbye; SIGTERM to exit is 5 s at most. */
export const STOP_LIMIT_MS = 4_500;

/**
 * A Ctrl-C reaches a node under `deno task` twice: from the terminal, and passed on by the task. Both come within
 * milliseconds; nobody presses twice that fast.
 */
export const SIGNAL_ECHO_MS = 250;

/**
 * Turn of a node's thread on a processor that llama.cpp wants too. On 2 cores, two runs each, the first byte of an answer
 * came 5.5 and 5.9 ms later at a client than from llama-server with Linux's own turns of 1.4 ms, 4.3 and 4.8 with these, and
 * 4.6 and 6.2 with turns of 0.1 ms.
 */
export const TIME_SLICE_NS = 400_000;

/** A node on this machine answers in milliseconds; one that is busy loading a model still does so in a second. */
export const MANAGEMENT_TIMEOUT_MS = 5_000;

/** A relay that is claimed is dialled, and told; the node itself gives up after 10 s. */
export const CLAIM_WAIT_MS = 12_000;

/** A node asks the repository before it answers; a slow line takes its time. */
export const DOWNLOAD_START_TIMEOUT_MS = 60_000;

/** Of a node that was told to stop: its own limit, and a second for the process to go. */
export const STOP_WAIT_MS = STOP_LIMIT_MS + 1_500;

/** Between two looks at whether a node has gone. */
export const STOP_POLL_MS = 50;

/** Between two looks at the logs of a node: a user who reads them sees no delay in it, and a node no load. */
export const LOGS_POLL_MS = 500;

/** Entries of the history of chats: weeks of them. Chosen by feel. */
export const CHAT_HISTORY_ENTRIES = 1_000;

/** Of its file: a prompt that was pasted may be long. */
export const CHAT_HISTORY_BYTES = 1024 * 1024;

/** Of what is piped into a chat: more tokens than any model's context holds. */
export const CHAT_PROMPT_BYTES = 16_000_000;

/** Between two looks at a model that an answer waits for. */
export const CHAT_LOADING_POLL_MS = 500;

/** Between two looks at a download that a node does. */
export const DOWNLOAD_POLL_MS = 250;

/** Of a model's name in a live line, beside bar, rate and time in 80 columns. */
export const LIVE_LINE_NAME_CELLS = 20;

/** An invite is some 700 bytes; one with many addresses, a chain of inviters and what else may come stays far below. */
export const INVITE_BYTES_MAX = 64 * 1024;

/** Help is laid out for at least this much, and snapshots of it are taken at this width. */
export const HELP_COLUMNS = 80;

/** A name is one cell of the status table. Chosen by feel. */
export const NAME_LENGTH_MAX = 64;

/** Loads and downloads beside each other on the live line: of more the latest are shown. Chosen by feel. */
export const LIVE_TASKS_MAX = 4;

/** Bar of the live line: fits beside a model's name in 80 columns. */
export const PROGRESS_BAR_CELLS = 24;

/** Two letters that changed places; a word with more of them wrong was another word. */
export const MISTYPED_LETTERS = 2;

/** Pause before a full, non-blocking pipe is tried again. Chosen by feel. */
export const FULL_PIPE_PAUSE_MS = 5;

/** Of a node's log that nobody takes: some thousand lines, and memory that nobody notices. */
export const LOG_WAITING_BYTES = 1024 * 1024;

/** The end of a node's log is waited for this long: a reader that has not taken it by then takes nothing. */
export const LOG_FLUSH_MS = 500;

/** Between two looks at a request to join: a code is there at once for whoever waits, and each look costs a millisecond. */
export const JOIN_POLL_MS = 250;

/** A member that becomes a client ends its processes, which takes 5 s at most, and the client starts, on a busy machine too. */
export const JOIN_RESTART_MS = 60_000;

/** A first `--version` of an executable takes a tenth of a second, and a virus scanner or a network disk a hundred times that. */
export const UPDATE_TRIAL_MS = 60_000;

/** A release has 50 MB. One of this size is none, and would fill the disk. */
export const UPDATE_BYTES_MAX = 1_000_000_000;

/** Between two looks at whether another update has ended. */
export const UPDATE_POLL_MS = 100;

/** Between two looks of a node for a release, where its user has switched them on. */
export const UPDATE_LOOK_INTERVAL_MS = 7 * 24 * 3_600_000;

/** After a look that failed: a machine that was offline is online by then, and no server notices it. */
export const UPDATE_LOOK_RETRY_MS = 24 * 3_600_000;

/** Between two readings of the file that says when somebody has looked last. */
export const UPDATE_LOOK_CHECK_MS = 3_600_000;
