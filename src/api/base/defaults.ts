/** Numbers of the API, each with its reason. */

/** docs/api.md. Room for several images in one request, and a bound for what one caller can make us hold. */
export const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** Eight of the largest bodies, or some thousand usual ones, that come at the same moment. */
export const BODIES_COMING_BYTES = 8 * BODY_LIMIT_BYTES;

/** Of a body at a time, and as much as Deno would take by itself. */
export const BODY_READ_BYTES = 64 * 1024;

/** Nobody pauses that long while sending; meanwhile what has come takes memory. */
export const BODY_IDLE_MS = 30_000;

/** Nobody takes that long to send a path and a few headers; without a bound silent connections would pile up. */
export const HEAD_TIMEOUT_MS = 60_000;

/** Longer than clients keep a connection that they may use again (Go 90 s), so that it is they who close it. */
export const KEPT_CONNECTION_MS = 120_000;

/** Of one connection, before the answer to an earlier one: hardly any client sends even two. Each takes some KiB. */
export const REQUESTS_AHEAD_MAX = 100;

/** Some thirty are usual, from a browser behind proxies. */
export const HEADERS_MAX = 100;

/** Twice the callers that the tests hold open; each costs 10 to 40 KiB. */
export const CONNECTIONS_MAX = 32_768;

/** For models, llama.cpp, the mesh and the node's own files. */
export const FILES_KEPT_FREE = 512;

/** The limit that a shell sets on Linux and macOS, or more. */
export const USUAL_OPEN_FILES = 1_024;

/** Of all connections: the rest is the console's. */
export const API_CONNECTIONS_SHARE = 0.75;

/** For a caller to read its refusal while it still sends a body that nobody wants; then the connection is cut. */
export const LINGER_MS = 1_000;

/** One is usual, two are seen where a proxy compresses what a client has; more only make work. */
export const CONTENT_CODINGS_MAX = 5;

/** A management request is a few names; nothing honest comes near. */
export const MANAGEMENT_BODY_LIMIT_BYTES = 64 * 1024;

/** Tool schemas nest some 20 deep. llama-server walks a body recursively, so that this also guards its stack. */
export const JSON_DEPTH_LIMIT = 100;

/** How long a request that was there at two crashes of llama-server is refused. Chosen by feel. */
export const CRASH_MEMORY_MS = 600_000;

/** Bodies that are known from a crash: those that four llama-servers were asked when they ended, many times. */
export const MAX_SUSPECTS = 256;

/** Callers that ask the same hear of one crash at one time; a restart and a load take longer than this. */
export const SAME_CRASH_MS = 200;

/** A grammar made of a large schema takes 50 KB, in some hundred rules. llama.cpp takes seconds for one of 2 MB. */
export const GRAMMAR_BYTES_LIMIT = 262_144;
export const GRAMMAR_RULES_LIMIT = 5_000;

/** Schemas of tools have some tens; each may lead one step deeper into llama-server's stack. */
export const SCHEMA_REFS_LIMIT = 1_000;

/**
 * A prompt given as tokens holds one value a token. An empty object takes 3 bytes to send and about 50 to
 * hold, so that without this bound one body could ask for a gigabyte.
 */
export const JSON_VALUES_LIMIT = 1_000_000;

/** Characters of one text that tell conversations apart: past a usual tool preamble. Chosen by feel. */
export const CONVERSATION_TEXT_CHARS = 2_048;

/** Messages, or tokens of a prompt given as numbers, that tell conversations apart. Chosen by feel. */
export const CONVERSATION_LIST_ITEMS = 256;

/**
 * Events of an answer that are kept before they are read, for the case that it breaks off: some 60. Read one by one they
 * take longer than all the rest of what is done to an event here.
 */
export const UNREAD_EVENTS_BYTES = 16 * 1024;

/** `usage` and `timings` end llama-server's answers and take some 600 bytes. */
export const USAGE_TAIL_BYTES = 4 * 1024;

/**
 * The part of a prompt that `--record-prompts` keeps: a few screens, so that all of them together take some 8 MB at
 * most.
 */
export const PROMPT_CHARS_KEPT = 4_000;

/** Requests that `GET /api/requests` lists. */
export const REQUESTS_KEPT = 1_000;

/** The first event of a stream of messages tells what was read; it takes some 400 bytes. */
export const USAGE_HEAD_BYTES = 1024;

/** Keys in one file. Each request is compared with all of them, 0.3 µs a key. */
export const API_KEYS_MAX = 10_000;

/** Keys that were made while the node ran: one a person and program, and all are written anew with each change. */
export const MADE_KEYS_MAX = 1_000;

/** Keys whose use is remembered. Their names come from peers too, which must not make us remember without end. */
export const LIMITED_KEYS_MAX = 20_000;

/** Names in one error message: more would not be read. */
export const NAMES_IN_MESSAGE = 20;

/** As long as a model's name may be (docs/trust.md): of what a caller sends, messages and records repeat no more. */
export const NAME_CHARS_SHOWN = 128;

/** The rules for pages never change while the node runs; browsers keep them for two hours at most. */
export const PREFLIGHT_MAX_AGE_S = 7_200;

/** Values that one label of a metric takes; Prometheus warns of more than some hundreds. */
export const LABEL_VALUES_MAX = 200;

/** A week: nobody likes to sign in each morning, and a restart of the node ends every session anyway. */
export const ADMIN_SESSION_S = 7 * 24 * 3_600;

/** People mistype a key a few times. */
export const GUESSES_FREE = 5;

/** Between two attempts of one caller after that: a word list of a million takes it eleven days. */
export const GUESS_PAUSE_MS = 1_000;

/** A caller that would have to wait longer is told so, and holds no connection. */
export const GUESS_WAIT_MAX_MS = 5_000;

/** Callers whose failures are remembered, some 100 KB. */
export const GUESSERS_MAX = 1_000;

/** From the terminal to the browser; an address that lies in a log is worth nothing afterwards. */
export const SIGN_IN_LINK_MS = 10 * 60_000;

/** Links that wait to be used. Each look at the status makes one. */
export const SIGN_IN_LINKS_MAX = 20;

/** Browsers of the few people who manage one node. */
export const ADMIN_SESSIONS_MAX = 100;

/** Proxies close a silent connection after 30 to 60 s. */
export const KEEP_ALIVE_MS = 15_000;

/** Events kept for a console that comes back, and at most waiting for one that reads slowly. */
export const EVENT_BACKLOG = 256;

/** An answer that runs longer than this is cut at a stop: the whole node has 5 s from SIGTERM to its exit. */
export const STOP_GRACE_MS = 1_000;

/** The address of the management API when nobody asked for a console: programs on this machine need it. */
export const LOOPBACK = "127.0.0.1";

/** Lines of the node's log kept for a console that is opened later. Some 100 KB. */
export const LOG_LINES_KEPT = 500;
/** One event of a stream: `response.completed` repeats a whole answer, nothing honest is larger. */
export const EVENT_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * How long a request waits for an instance: finding a silent host dead takes up to 40 s, and loading a model
 * of tens of GB a minute or more. Clients of OpenAI's API wait 10 minutes.
 */
export const HOLD_MS = 120_000;

/**
 * How long a request waits for a model that lacks memory, or is downloaded first. A mesh that starts or has lost a
 * machine needs a few seconds until it is what it will be; beyond, the caller is told what is missing.
 */
export const WAITING_HOLD_MS = 5_000;

/**
 * The same for a model that nobody has set out to serve. Standbys take up to 20 s to come for it; and half of a mesh
 * that lost the other half is whole again once the network is: a switch or a router needs most of a minute to start.
 */
export const UNCLAIMED_HOLD_MS = 60_000;

/**
 * Between two looks of a request that is held, for what it is not told of: new obstacles, and the table of a passive node. A
 * tenth of what a load takes at least.
 */
export const HELD_CHECK_MS = 250;

/**
 * A model is wanted this long for a request that waits for it. A client that gives up and tries again is back within it, and
 * it is half of a turn: beyond it nothing is ended for somebody who has left.
 */
export const LOAD_LEASE_MS = 5_000;

/** ... and so often it is asked for again: three times may be lost. */
export const LOAD_RENEWAL_MS = 1_250;

/**
 * A stream without a first byte is answered with 200 and comments after this long. Errors before it keep their
 * status; proxies close a silent connection after 30 to 60 s.
 */
export const SIGN_OF_LIFE_MS = 10_000;

/** A host of which nothing has come for this long, though it was asked: is it still there? One small question. */
export const DOUBT_MS = 1_000;

/**
 * Instances that may end while they have one request before it is given up: a request that kills every
 * llama-server that it meets must not go through the whole mesh.
 */
export const ENDS_ALLOWED = 4;

/** A whole JSON answer is held back until its end is there, so that another instance may be asked; larger ones pass. */
export const WHOLE_ANSWER_BYTES = 1024 * 1024;

/** An instance takes this much more than its part of the load before a conversation moves on: docs/api.md. */
export const LOAD_SLACK = 1.25;

/** An instance's report of its load is ignored after this time. An answer takes about this long. */
export const LOAD_FRESH_MS = 10_000;

/** llama-server's own default, for an instance that has not said yet how many requests it answers at a time. */
export const USUAL_SLOTS = 4;

/** A slot is free again after some tokens. Chosen by feel. */
export const RETRY_AFTER_S = 5;

/** The version of Ollama whose API is answered: its clients refuse servers that are older than what they use. */
export const OLLAMA_VERSION = "0.13.0";

/** Prompts have 3 to 6 bytes a token. A request of more tokens than this tells is asked where there is more room. */
export const MOST_BYTES_A_TOKEN = 16;

/** Of the context, for the answer: the rest holds the prompt, which in tools grows to most of the context. */
export const AGENT_OUTPUT_SHARE = 0.25;

/** To choose one from; a machine with many bridges and containers has hundreds. */
export const OWN_ADDRESSES_MAX = 32;

/** Claude Code and opencode ask for no longer answer by themselves. */
export const AGENT_OUTPUT_MAX = 32_000;

/** Claude Code and opencode, as docs.ollama.com/integrations/claude-code and /opencode recommend. */
export const AGENT_CONTEXT_NEEDED = 64_000;
