/** The numbers of src/engine. */

/** Children are reached through tunnels only, never from another machine. */
export const LOOPBACK = "127.0.0.1";

/**
 * The release that `engine install` takes. Its archives for macOS and Linux, x64 and arm64, are all
 * listed under this tag. llama.cpp attaches archives to `bNNNN` tags only: the `vX.Y.Z` releases
 * hold nothing but the name of one.
 */
export const RELEASE_TAG = "b11541";

/** Above any model's number of layers, so that none stays behind on the host's CPU. */
export const ALL_LAYERS = 999;

/** llama.cpp's `trace`: from it on it tells which layers and buffers went where. */
export const TRACE_VERBOSITY = 4;

/** llama-server's own limit for prompts that it keeps in main memory: `--cache-ram`, 8192 MiB. */
export const PROMPT_CACHE_BYTES = 8_192 * 2 ** 20;

/** Main memory that is offered: the rest is for the system and its programs. */
export const MAIN_MEMORY_SHARE = 0.75;

/** ... of what is available on a machine whose memory is mostly in use: a small model runs there too. */
export const LEAST_AVAILABLE_SHARE = 0.25;

/** A driver's context and llama.cpp's buffers for computing take some hundred MiB of each GPU before any layer. */
export const MIN_DEVICE_BYTES = 512 * 1024 * 1024;

/** `--help`, `--version` and `--list-devices` take 0.1 s; a GPU driver's first start takes some more. */
export const PROBE_TIMEOUT_MS = 20_000;

/**
 * The same for binaries that never ran here: macOS 26 scans a fresh one for up to 40 s, and a GPU driver may translate every
 * kernel at its first start.
 */
export const FIRST_RUN_TIMEOUT_MS = 120_000;

/** All that an rpc-server says at its start: some 200 bytes for each GPU and each place where it looks for backends. */
export const PROBE_OUTPUT_BYTES = 64 * 1024;

/** How long "this machine has no GPU" is believed; a driver installed later is then found. */
export const PROBE_CACHE_MS = 24 * 60 * 60 * 1000;

/** Between two looks at a child that starts, each 1 ms of work: the guide is ready after 0.1 s, a large model after minutes. */
export const HEALTH_INTERVAL_MS = 20;

/** An answer on loopback takes about 1 ms; a child that is too busy is asked again. */
export const HEALTH_TIMEOUT_MS = 2_000;

/**
 * Between two looks at whether a server is frozen: half a millisecond of work for both, for one that is idle. With the
 * patience below a freeze is noticed 2 to 8 s after it began.
 */
export const CHECK_INTERVAL_MS = 1_000;

/** ... and once a look has found a sign of it. */
export const DOUBT_INTERVAL_MS = 500;

/** llama-server answers `/health` in 1 ms while it reads a prompt with its only thread, loads, or waits for its workers. */
export const CHECK_TIMEOUT_MS = 1_000;

/** Looks further apart than they should be by this much: this process itself was away, and proves nothing by it. */
export const CHECK_LATE_MS = 3_000;

/** A debugger that stops a process for a moment lets it go on sooner. Its requests hang meanwhile. */
export const STOPPED_PATIENCE_MS = 2_000;

/** Without an answer and without any work: nobody is starved of the CPU that long, however busy the machine. */
export const SILENT_PATIENCE_MS = 4_000;

/** Disks that slept and networks that lost a packet are back by then. */
export const BLOCKED_PATIENCE_MS = 6_500;

/** Told to people who look: the last of them say enough. */
export const FREEZES_KEPT = 8;

/** Of work that says nothing while a server is blocked: its answers to the looks of one doubt cost CPU time too. */
export const CHECKS_WORK = 2;

/**
 * SIGTERM to SIGKILL. llama.cpp's servers have nothing to save: they end within 0.1 s, or hang while
 * a split answers. A host stops two of them after one another, and its node has 5 s in all.
 */
export const STOP_GRACE_MS = 1_000;

/** SIGKILL to giving up: it takes effect at once, unless the system holds the process. */
export const KILL_PATIENCE_MS = 1_000;

/** The same for a child whose node is gone: it outlives the node by less than 3 s. In whole seconds for `sleep`. */
export const GUARD_GRACE_S = 1;

/**
 * Between two signs of life to the shell that would end a child with its node. A node that is killed within this time
 * after that shell leaves its child behind, and ends it at its next start.
 */
export const WATCHER_CHECK_MS = 500;

/** Output that outlives its process is held by a grandchild; it is not waited for. */
export const OUTPUT_LINGER_MS = 500;

/**
 * The pause between two reads of a child's output, which gathers in a pipe: long enough for all that llama-server logs
 * of a request, short enough that nobody who reads the log notices. A child that fills the buffer is read again at
 * once.
 */
export const OUTPUT_PAUSE_MS = 100;
export const OUTPUT_READ_BYTES = 64 * 1024;

/** First wait after a crash, doubled by each further one. */
export const BACKOFF_BASE_MS = 500;

/** A crash that repeats is retried about twice a minute. */
export const BACKOFF_MAX_MS = 30_000;

/** A child that ran this long was fine: its next crash is counted as the first. Chosen by feel. */
export const STABLE_AFTER_MS = 60_000;

/** A process whose connections break ends within this: its memory has to be given back first. */
export const CRASH_KNOWN_MS = 2_000;

/**
 * A GPU that is lost before a server has used it for so long is given up, if it was lost before. A driver that was reset
 * once most often works again, and a machine that sleeps may lose its GPU each time. Chosen by feel.
 */
export const TRUSTED_AFTER_MS = 10 * 60_000;

/** Kept of a child's last words for error messages. */
export const STDERR_TAIL_BYTES = 4 * 1024;

/** Lines of trouble kept of a child, of which one is its reason to end; the longest chains seen have ten. */
export const CAUSE_LINES = 40;

/** As much of one line is passed on: it crosses the network in announcements, and people read it in one look. */
export const CAUSE_CHARS = 300;

/** One log file, and how many of them: enough for days of a busy llama-server, small enough to attach to an issue. */
export const LOG_FILE_BYTES = 5_000_000;
export const LOG_FILES = 3;

/** Between two looks at a stale process; it is not our child, so nothing tells when it ends. */
export const STALE_POLL_MS = 50;

/** Between two looks whether another process is still installing, which takes it minutes. */
export const INSTALL_POLL_MS = 500;

/** Until the release's server answers. A machine without a way to it goes on to Debian soon. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** An archive has 15 MB for the CPU and 500 for CUDA: a kill loses seconds of it, and the list of chunks stays short. */
export const ARCHIVE_CHUNK_BYTES = 4 * 1024 * 1024;

/** A disk that sleeps is back sooner, or what would have been written is lost: nobody waits for a log or a list of pids. */
export const DISK_PATIENCE_MS = 2_000;

/** Of each log this much is shown: some hundred lines. */
export const LOG_TAIL_BYTES = 32 * 1024;

/** nvidia-smi answers within 2 s, also where it has to wake the driver first. */
export const NVIDIA_SMI_TIMEOUT_MS = 10_000;
