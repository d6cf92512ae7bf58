/** The numbers of src/mesh/reach, each with its reason. Sizes in bytes, times in milliseconds. */

/** As the addon's own sockets have: bursts of a fast sender drop less. The system's limit decides where it is lower. */
export const UDP_BUFFER_BYTES = 4_194_304;

/** The longest that UDP carries; one receive brings as many datagrams of one sender as fit. */
export const MAX_UDP_BYTES = 65_507;

/** Linux takes no more segments in one call (`UDP_MAX_SEGMENTS` was 64 for long). */
export const MAX_SEGMENTS = 64;

/** More than any peer sends at once, and a buffer that each socket holds while it is quiet: what a stranger sends is cut. */
export const ALONE_BYTES = 2_048;

/** Both ends may open one over another member while an old one is still there; more of a peer are one too many. */
export const MAX_RELAY_WAYS = 4;

/** Datagrams on their way over a member that is not used any more arrive within this. */
export const RELAY_LINGER_MS = 1_000;

/** Receives of one socket before others have a turn: some 0.5 MB. */
export const RECEIVES_A_TURN = 16;

/** So many datagrams that came together are the begin of more; fewer than receives of a turn, or some would be left. */
export const BULK_DATAGRAMS = 16;

/** They are over after such a pause: a stream over a distant relay has shorter ones. Each socket's thread goes back after it. */
export const BULK_PAUSE_MS = 20;

/** Other ends that a socket remembers in its own form; more cost a little time each. */
export const MAX_REMEMBERED_ENDS = 1_024;

/** On a system without those calls, the datagrams that wait for the system, more are dropped. */
export const MAX_QUEUED_SENDS = 256;

/** A receive that fails is tried again after this long, so that one which always fails costs nothing. */
export const READ_RETRY_MS = 10;

/** Of a peer: its interfaces, a mapped port, and what others have seen of it. More are no help, and each is asked. */
export const MAX_CANDIDATES = 16;

/** Of them, those at which nobody was told to look: the peer's questions came from there. */
export const MAX_SEEN_CANDIDATES = 4;

/** One of those keeps its place for so long, whatever comes: it has been asked eight times then. */
export const SEEN_STAY_MS = 5_000;

/**
 * A candidate whose pause is longer than a second, and from which the peer asks, goes back to one of 200 ms. Not sooner:
 * two that hear each other's questions and no answers would hurry each other.
 */
export const PATIENT_ASKS = 6;
export const HEARD_ASKS = 3;

/** Of them with one address (of IPv6: one site): a router gives few ports to one node, and a stranger's is nobody's to name. */
export const MAX_CANDIDATES_OF_SITE = 4;

/** A direct path in use is asked this often, and one that has just failed, so that its return is noticed. */
export const ASK_EVERY_MS = 200;

/** Silence on a question after which a path is not trusted; three round trips where that is longer. */
export const SUSPECT_MS = 600;
export const SUSPECT_ROUND_TRIPS = 3;

/** For so long after its last datagram a peer counts as one that is talked to. */
export const BUSY_MS = 2_000;

/** Routers forget a way after 30 s of silence, some earlier. */
export const KEEP_OPEN_MS = 15_000;

/** The pause before a candidate that was never heard is asked again; it doubles up to the longest. */
export const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 30_000;

/** Questions that a candidate gets unanswered while nothing is sent to the peer: 25 s of them. */
export const IDLE_ASKS = 10;

/** A path that has failed is asked this often before the pauses grow: 10 s of `ASK_EVERY_MS`. */
export const RETURN_ASKS = 50;

/** The least time between two returns to a direct path, and before a better one is taken instead of a good one. */
export const CALM_MS = 10_000;

/** Another direct path is better if its round trip is shorter by both. */
export const BETTER_RATIO = 0.7;
export const BETTER_MS = 1;

/** Questions to addresses that have never answered, of the whole node, for one peer, and to one site, whoever names it. */
export const ASK_RATE = { burst: 512, perSecond: 64 } as const;
export const PEER_ASK_RATE = { burst: 96, perSecond: 8 } as const;
export const SITE_ASK_RATE = { burst: 64, perMinute: 60 } as const;

/** Questions of one peer that are answered: it asks sixteen addresses at once, and then five times a second. */
export const ANSWER_RATE = { burst: 200, perSecond: 50 } as const;

/** Questions whose answers are waited for, of one peer: later ones push out the oldest. */
export const MAX_OPEN_ASKS = 64;

/** Questions of a peer may overtake each other by so many. */
export const REPLAY_WINDOW = 64;

/** Ends from which a peer's datagrams are taken: those at which it was heard last. */
export const MAX_ENDS_OF_PEER = 2 * 16;

/** Addresses of this node as others see it, one for each of the last that told: a router that maps well shows all the same. */
export const MAX_OBSERVED = 4;

/** Ports below are other services': no question goes there. */
export const FIRST_ASKED_PORT = 1_024;

/** A timer that is so late has slept. */
export const SLEPT_MS = 5_000;

/** A list of sixteen places with a secret has under 1,500. */
export const MAX_PLACES_BYTES = 4_096;

/** Lists of one peer: one for each change of its network, and of what others see of it. */
export const PLACES_RATE = { burst: 32, perMinute: 60 } as const;

/** This machine's own addresses are looked at this often. */
export const INTERFACES_MS = 2_000;
