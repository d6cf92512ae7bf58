/** Numbers of the node, each with its reason. */

export { SPLIT_RTT_LIMIT_MS } from "../../base/split_defaults.ts";

/**
 * Models that a plan tries to move to make room for one, in all: in a mesh of a thousand busy nodes there are more ways
 * than anybody has time to try, and the first few thousand are as good as any.
 */
export const MAX_PLACING_LOOKS = 5_000;

/** Members tend to come and go in bursts; a running instance is planned anew once the burst is over: docs/architecture.md. */
export const REPLAN_QUIET_MS = 2_000;

/**
 * A node that joins hears of its mesh within one round of gossip; planning before that would load a
 * model only to split it a moment later. Longer than a dial to a dead address may take on a LAN.
 */
export const FIRST_VIEW_MS = 3_000;

/** Models that a node has stopped serving: their callers are told so, for the moment in which their answers break off. */
export const MAX_RETIRED = 64;

/** A plan that failed is made again with the next news, and after this: the view that it failed for has changed by then. */
export const PLAN_AGAIN_MS = 5_000;

/** A claim reaches everybody within a gossip round (docs/defaults.md); two that claimed the same see it by then. */
export const CLAIM_MS = 1_000;

/**
 * Requests in flight for each instance of a model, in steps of two, from which on it gets another:
 * llama-server answers four at a time (its slots), and the step up to 4 begins above 2.
 */
export const HOT_DEMAND = 4;

/** ... and what would be left for each of the others when one gives it up again: far below, so that it stays so. */
export const COLD_DEMAND = 1;

/** Demand is what was in flight on average over about this time; what is half as old counts more. */
export const DEMAND_WINDOW_MS = 60_000;

/** Less than this at a time is no demand: a request of a second every eight. */
export const LEAST_DEMAND = 0.125;

/** How often demand is looked at while there is any. */
export const DEMAND_CHECK_MS = 5_000;

/** A model that was taken because it was hot is served at least this long: moves cost a load, and asking comes in bursts. */
export const HOT_HOLD_MS = 300_000;

/** Models that one node which is gone leaves wanted: more than it served, and the first that its user named. */
export const MAX_ORPHANS_A_PEER = 8;

/** ... and all of them together: a node announces 200 names at most, and its own user's come first. */
export const MAX_ORPHANS = 64;

/** The models of a dead node stay wanted this long, unless it comes back: as long as its death notice is kept. */
export const ORPHAN_LIFE_MS = 3_600_000;

/** Clocks that are further apart than this are wrong, not late: NTP keeps them within milliseconds. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** A small model is some GB, and a download that does not fit is refused. Chosen by feel. */
export const LOW_DISK_BYTES = 5e9;

/** Findings are reported once a burst of changes is over: one that disappears a moment later helps nobody. */
export const FINDINGS_QUIET_MS = 1_000;

/** Disks and clocks tell nobody when they change. Chosen by feel. */
export const FINDINGS_INTERVAL_MS = 30_000;

/** First pause before a broken split is loaded again with the same members; doubles with each failure. */
export const RELOAD_BACKOFF_MS = 500;

/** Memory that another program held, or a driver, may be back by then; a changed file is tried at once anyway. */
export const RELOAD_BACKOFF_MAX_MS = 120_000;

/** Drafts and projectors that are remembered as failed: more than a machine has. */
export const MAX_FAILED_COMPANIONS = 256;

/** Models that are remembered as having lacked memory: more than a node serves. */
export const MAX_MEMORY_FAILURES = 256;

/** Of what GPUs offer, for a split that lacked memory: what other programs take meanwhile is some hundred MiB. */
export const GPU_TRUST_AFTER_FAILURE = 0.75;

/** Between two looks at the files of a model that can't be loaded: its user mends it and waits for it to be tried. */
export const CHANGED_FILE_CHECK_MS = 500;

/**
 * Of the main memory that models and their conversations leave, for the conversations of the next one: a server can't give any of it back, and the
 * other half may be what a further model needs. Chosen by feel.
 */
export const KEPT_SHARE = 0.5;

/** Ends of the same kind in a row, without a success between them, after which a third is only a matter of time. */
export const FAILED_REPEATS = 2;

/** A worker that was lost is found dead within this (`FAILED_HOST_MS`): until then a load that misses it is no verdict. */
export const WORKER_LOSS_MS = 45_000;

/** How long a node leaves alone what the mesh asked for and it can't do, also a download: networks come back. */
export const GIVE_UP_MS = 600_000;

/** llama-server connects while its worker still starts an rpc-server: how long the stream is held. */
export const GATE_WAIT_MS = 30_000;

/** `status` events: at most 4 a second, docs/management-api.md. */
export const STATUS_INTERVAL_MS = 250;

/** Window of the token rate that status shows. Long enough for two answers, short enough to be "now". */
export const TOKEN_RATE_WINDOW_MS = 10_000;

/** Answers of which the middle one tells how fast an instance is: one that shared it with many others is none of it. */
export const RATE_ANSWERS = 15;

/** A shorter answer comes in a few pieces, whose times say more of the network. */
export const RATE_TOKENS_MIN = 8;

/** Streams of requests that one peer may have open: above what may run and wait here, so that a full node says so. */
export const MAX_HTTP_STREAMS = 512;

/** llama-server opens a few connections to each rpc-server, of each split with that host; anything beyond is a mistake. */
export const MAX_RPC_STREAMS = 64;

/** A worker that has not started an rpc-server by then is planned for anew. Starting one takes under 1 s. */
export const WORKER_READY_MS = 30_000;

/** A client's question for the next table, while requests wait for a model, is held by the member that it asks. */
export const NEXT_TABLE_MS = 1_000;

/** ... and asked again no sooner after it was asked: tables that change all the time stay within a peer's rate. */
export const TABLE_ASK_PAUSE_MS = 250;

/** A client's table that is older is asked for again when somebody looks. An unchanged one costs a few bytes. */
export const TABLE_FRESH_MS = 2_000;

/** A status that takes longer than this seems broken; then the last known one is shown. */
export const FRESHEN_LIMIT_MS = 1_000;

/** As long as a mesh may need to find a silent peer dead (keep-alive 10 s, idle 27 s, probe 2 s): meanwhile others are asked first. */
export const FAILED_HOST_MS = 40_000;

/** One whose stream did not open in time may only be busy: others are asked first for this long, doubled by each further one. */
export const SLOW_HOST_MS = 5_000;

/**
 * A stream opens in a round trip; a busy host's event loop stands still for a third of a second at times. A host that
 * takes longer is given up for another one, if there is one.
 */
export const OPEN_PATIENCE_MIN_MS = 500;

/** ... while nothing is known of a host's round trips: a new connection takes five of them, and nobody is 400 ms away. */
export const OPEN_PATIENCE_FIRST_MS = 2_000;

/** Members that one download asks; more than these fill no network faster. */
export const MAX_FILE_PEERS = 4;

/** Ranges asked of one member at the same time: a second one fills the first one's pauses. */
export const PARALLEL_PEER_RANGES = 2;

/** Streams of this protocol a connection: a few downloads, each with its ranges and digests. */
export const MAX_FILE_STREAMS = 16;

/** The largest range of one question: a download's chunk. */
export const MAX_FILE_RANGE_BYTES = 16 * 1024 * 1024;

/** A question is about 200 bytes. */
export const MAX_FILE_QUESTION_BYTES = 1024;

/** Read from the disk at once: what a QUIC stream takes in two or three writes. */
export const FILE_READ_BYTES = 256 * 1024;

/** A member that neither asks nor answers for this long has gone, or its disk is too slow to help. */
export const FILE_SILENCE_MS = 20_000;

/** For `doctor`: a dial over a slow WAN takes a second or two, and nobody waits longer for a list. */
export const PEER_CHECK_MS = 4_000;

/** A model that a caller was told to ask for again is wanted this long: loading the largest from a slow disk takes minutes. */
export const LOAD_REQUEST_MS = 10 * 60_000;

/**
 * A model that others wait for is served this long, or as long as it took to load, before it ends what it answers and
 * gives way: so no more than half of the time is spent loading. A shorter answer of a usual model is within it.
 */
export const TURN_MS = 10_000;

/** ... and before that, when nobody has asked for it for this long: an agent's next request comes sooner. */
export const YIELD_IDLE_MS = 1_000;

/** ... and one that nobody has asked for since it was loaded: a client hears of it with its next table, after two seconds. */
export const UNASKED_MS = 5_000;

/** Between two looks at a model that others wait for. */
export const TURN_CHECK_MS = 250;

/** A model that is wanted and found no place for this long comes before larger ones: else two of these could go by turns for ever. */
export const GAP_PATIENCE_MS = 10_000;

/**
 * Two models that began to be wanted within it have waited as long: news of both reach each node at another moment. Less
 * than `CLAIM_MS`, by which one that was ended for another has waited less than that.
 */
export const GAPS_ALIKE_MS = 500;

/** When a model was last asked for is announced in these steps: a busy node has news of it once a minute. */
export const ASKED_STEP_MS = 60_000;

/** Requests that llama-server has beyond its slots, so that a slot is never empty between two answers. */
export const SPARE_REQUESTS = 2;

/** Requests that wait for a slot. Some minutes of work for a usual model: who comes later gains nothing by waiting. */
export const MAX_QUEUED_REQUESTS = 256;

/**
 * A reader who takes no byte of an answer for this long, while others wait for its place, has it given up. Every program
 * that reads takes some within seconds; a person who pauses a terminal, or a laptop that sleeps, takes minutes.
 */
export const STALLED_READER_MS = 30_000;

/** Between two looks at such readers. */
export const STALLED_CHECK_MS = 1_000;

/** Queues of llama-servers that nobody asks: as many as a node may serve models, and some that have ended. */
export const MAX_IDLE_QUEUES = 64;

/** News of one burst come within a few of gossip's 5 ms; a plan for each of them would be thrown away. */
export const NEWS_SETTLE_MS = 20;

/**
 * Active nodes beyond which those that do nothing stand by without gossip: docs/architecture.md. Up to here an idle node
 * costs the others nothing that they notice, and helps at once.
 */
export const MAX_ACTIVE_NODES = 20;

/** Half of it: so much smaller must the mesh have become before a standby comes back without work. */
export const FEW_ACTIVE_SHARE = 0.5;

/** A node leaves the gossip after so much idleness, and up to twice as much: claims, joins and loads take seconds. */
export const STANDBY_SETTLE_MS = 30_000;

/**
 * A standby requests the routing table this often, used or not: with the spread below, a model that lost its last
 * host is taken over within a heartbeat (60 s). An unchanged table costs a handshake and some bytes: a thousand
 * standbys at twenty active nodes are two requests a second at each.
 */
export const STANDBY_REFRESH_MIN_MS = 20_000;

/** ... and at most, so that they do not ask in step. */
export const STANDBY_REFRESH_MAX_MS = 30_000;

/** Standbys that see the same need are spread over this: ten times what a claim takes to be in everybody's table. */
export const STANDBY_SPREAD_MS = 20_000;

/** Up to so many standbys that could all do the same a handful comes. */
export const EXPECTED_STANDBYS = 1_000;

/** A standby with less than this part of what a split lacks would not make the difference. */
export const MAX_STANDBY_HELPERS = 16;

/** Consecutive unanswered table requests after which a standby joins the gossip, to dial every peer that it ever knew: a minute. */
export const UNANSWERED_BEFORE_REJOIN = 3;

/** A standby that came back and was not needed ignores that need for so long; twice as long each time. */
export const STANDBY_BACKOFF_MS = 120_000;

/** ... up to an hour: by then its mesh is another one. */
export const STANDBY_BACKOFF_MAX_MS = 3_600_000;

/**
 * Nodes that are looked at, over and over, for the fewest instances that would have to stop for one model: a few
 * milliseconds. Enough to try all pairs and triples of a small mesh.
 */
export const FIT_LOOKS = 5_000;

/** Models that one node serves, or works for: as many as its announcement has room for (`MAX_AT_ONCE` in `mesh`). */
export const MAX_WORKS = 32;

/** Models whose arguments are remembered as refused or good: more than a node serves in its life. */
export const MAX_TRIED_ARGUMENTS = 256;
