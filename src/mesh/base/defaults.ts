/** Numbers of the mesh, each with its reason. Sizes in bytes, times in milliseconds. */

/** Above the 256 that one host opens to its workers and clients in a busy minute. Streams a connection. */
export const MAX_STREAMS_PER_CONNECTION = 1_024;

/**
 * The members of docs/defaults.md and five thousand clients at one of them; each takes a quarter of a megabyte at
 * most, and only who has an invite stays. More are closed at once.
 */
export const MAX_CONNECTIONS = 6_000;

/** Two round trips of a slow WAN and a loaded machine; a dead port gives no answer at all. */
export const DIAL_ADDRESS_TIMEOUT_MS = 2_000;

/** A join is two messages: as long as a stream may wait for it (docs/protocols.md). */
export const JOIN_TIMEOUT_MS = 5_000;

/** A few addresses that do not answer, and the join at one that does. */
export const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connections from outside that may be unproven at one time; beyond that the longest there of the busiest source goes.
 * In a flood of 500 a second from one's own address that leaves half a second for a join; they hold 64 MB.
 */
export const MAX_PENDING_JOINS = 256;

/** Negotiating a stream is one round trip; a peer that needs longer is asked whether it lives. */
export const OPEN_STREAM_TIMEOUT_MS = 5_000;

/** docs/defaults.md. Living ones and tombstones together may be twice as many. */
export const MAX_MEMBERS = 1_000;

/** Living ones. So many by one invite are a whole mesh, and still leave others room. */
export const MAX_LIVING = 1_250;

/** A node that has just come to a mesh hears of all of it within a round; the mesh may be starting as a whole. */
export const CATCH_UP_MS = 60_000;

/** A peer that has been here this long has caught up, and has dropped false reports that it got meanwhile. */
export const TELLER_AGE_MS = 2 * CATCH_UP_MS;

/** Members that one peer alone reaches, by one invite: more than a home has machines behind one router. */
export const HEARSAY_A_LINK = 16;

/** Strangers that wait to be dialled or reported again: of one teller, and in all. Each is a few kilobytes. */
export const WAITING_A_TELLER = 16;
export const MAX_WAITING = 256;

/** Of those that wait, so many are dialled at a time: half of a full mesh. */
export const MET_AT_A_TIME = 16;

/** Three dials, and some rounds of gossip. */
export const WAITING_MS = 60_000;

/** Strangers that one message of another makes this node ask for: twice what may wait of one. */
export const UNKNOWN_WANTED = 32;

/** Clocks are wrong by hours, and by years where a battery is empty. */
export const MAX_CLOCK_AHEAD_MS = 365 * 86_400_000;

/** Records are checked for so long at a time; then all else that waits has its turn. */
export const VERIFY_SLICE_MS = 8;

/** Joins the changes that one plan makes in the same tick, and is short beside a round trip. */
export const GOSSIP_COALESCE_MS = 5;

/** docs/defaults.md: each round a member compares what it knows with one neighbour. */
export const GOSSIP_ROUND_MS = 1_000;

/** Round trips and addresses are told at most this often: nobody plans by another's, and each costs a push to everybody. */
export const SURROUNDINGS_MS = 10_000;

/**
 * The node that news is about tells its neighbours at once; the next steps wait for other news. Four of them take 0.2
 * s.
 */
export const RELAY_COALESCE_MS = 50;

/** A tombstone outlives the slowest gossip by far; later the announcement that it stops is forgotten by all. */
export const TOMBSTONE_LIFE_MS = 3_600_000;

/** A machine under load answers in seconds: four times the usual wait spares it, and one that dies then is found 6 s later. */
export const MAX_PATIENCE = 4;

/** A timer this late means that our own process slept: the peer's silence proves nothing. */
export const OWN_STALL_MS = 500;

/** Pings right after a link opens: the first is slow on a machine that is starting, the best of them counts. */
export const FIRST_PINGS = 3;

/**
 * A round trip above this is measured again soon: a network and a busy machine look the same at first, and a
 * member that is taken for more than 80 ms away joins no split. Half of that limit.
 */
export const SLOW_ROUND_TRIP_MS = 40;

/**
 * The pause before the next ping; doubled by each further slow one, up to the heartbeat. A peer that is far away costs
 * five pings in a minute.
 */
export const PING_AGAIN_MS = 2_000;

/** Samples that an RTT is the best of. */
export const RTT_SAMPLES = 4;

/** Members up to which everybody is connected to everybody: 31 idle connections are 7 MB. */
export const FULL_MESH_MEMBERS = 32;

/** Next members on the ring that a member of a large mesh is connected to: the ring holds while no three in a row die. */
export const GOSSIP_SUCCESSORS = 3;

/** A tombstone is taught to others for half of its life, so that nobody is taught what it has just forgotten. */
export const TOMBSTONE_TOLD_MS = 1_800_000;

/** An unchanged membership has the same digest but for tombstones that grow old. */
export const DIGEST_LIFE_MS = 60_000;

/** Redial of a lost peer: fast at first, for a restart takes a second or two. */
export const REDIAL_MIN_MS = 500;

/** ... and slow at last: a dial costs a few packets, a lab that comes back is found within this. */
export const REDIAL_MAX_MS = 5_000;

/** Lost peers that are dialled in one turn, and how long it lasts: the halves of a healed partition find each other by it. */
export const LOST_PEERS_DIALLED = 2;
/** Members that dial them at one time: a machine that is gone for good hears no more from a large mesh than from a small one. */
export const LOST_PEERS_DIALLERS = 8;
export const LOST_TURN_MS = 4_000;

/** Peers that a node dials that has lost everybody: as many as it keeps in its data directory. */
export const ALONE_PEERS_DIALLED = 32;

/** Members come and go in bursts: whom to dial is thought over this long after the first of them. */
export const DIAL_THOUGHT_MS = 20;

/** Old tombstones and spare connections cost little, and looking for them does not. */
export const ROUNDS_TO_TIDY = 10;

/** A connection that neither end needs is kept this long: the mesh may shrink, a request may come. */
export const PART_AFTER_MS = 30_000;

/** Of two that learn of each other at once, the higher PeerId leaves the other this much time to dial. */
export const DIAL_COURTESY_MS = 1_000;

/** Failed dials after which a peer that never answered this node counts as dead. */
export const DIALS_BEFORE_DEAD = 3;

/** Peers kept in the data directory to start from without a token. */
export const MAX_STORED_PEERS = 32;

/** A goodbye is heard in a round trip; who has not answered by then is left without an answer. */
export const GOODBYE_TIMEOUT_MS = 500;

/** libp2p closes its listeners in it, each within a second (`CLOSE_LISTENER_MS`): nothing of that is to outlive the stop. */
export const STOP_TIMEOUT_MS = 1_500;

/** docs/defaults.md: a client's table is this old before it is asked for again, at least. */
export const ROUTE_REFRESH_MIN_MS = 30_000;

/** ... and at most: a fleet of clients does not ask in step. */
export const ROUTE_REFRESH_MAX_MS = 60_000;

/**
 * A client whose requests wait for a model lets the answer wait for the next table, and is told of it at once. No longer:
 * a member that dies meanwhile is noticed so much later.
 */
export const NEXT_TABLE_WAIT_MS = 1_000;

/** A client's question and its answer. */
export const ROUTE_REQUEST_TIMEOUT_MS = 5_000;

/**
 * A client that has had no answer for so long asks one more: of the peers that it knows several may be gone. In a mesh of
 * 5,000 clients 99 of 100 answers come within 0.4 s, and most joins within 1 s (docs/benchmarks.md).
 */
export const NEXT_ASKED_MS = 1_000;

/** docs/protocols.md: a client's connection without a stream. */
export const CLIENT_IDLE_MS = 60_000;

/**
 * A standby's connection after it has requested the table: the next request comes before the connection would be
 * idle, and a thousand that wait for work must not cost the active nodes a quarter of a megabyte each.
 */
export const REFRESH_IDLE_MS = 5_000;

/** Revocations that a node keeps, sends to everybody it meets and looks through at each join: 2 MB. */
export const MAX_REVOCATIONS = 4_096;

/** ... of one inviter; beyond it the inviter itself is what has to be revoked. */
export const MAX_REVOCATIONS_A_SIGNER = 256;

/** Members that a revocation is passed on to by each that hears it first: with a thousand, e^-8 of them miss one wave. */
export const REVOCATION_FANOUT = 8;

/** A revoked peer is told so before its connection is cut; it gets the message in a round trip, or not at all. */
export const LAST_WORD_MS = 500;

/** Machines that a node remembers to have come by its invites, so that one that is away can be taken out too. */
export const MAX_GUESTS = 256;

/** Machines come by the dozen, and the file is written once for all of them. */
export const GUESTS_SAVE_MS = 5_000;

/** A machine that is certified anew tells everybody whom it is connected to, and answers after that. */
export const RENEWAL_TIMEOUT_MS = 8_000;

/** Telling them waits for no peer that is slow or gone: that one sees the new certificates at the next connection. */
export const RENEWAL_TELL_MS = 2_000;

/** Machines that are certified anew at one time. */
export const RENEWALS_AT_ONCE = 16;

/** Invites that a node remembers to have made; those that are past go first, then the oldest. */
export const MAX_KEPT_INVITES = 512;

/** A day in which somebody can ask for a new invite. */
export const EXPIRY_WARNING_MS = 86_400_000;

/** Peers whose rates are remembered, each some 100 bytes: those with a connection, and as many that have just left. */
export const MAX_RATED_PEERS = 2 * MAX_CONNECTIONS;

/** A process that lives answers in a round trip; a restart after a crash waits for this at its peers. */
export const PROOF_OF_LIFE_MS = 1_000;

/** A member that has just come asks who is here: a dial and a round trip, or an address that does not answer (2 s). */
export const FIRST_ANSWERS_MS = 4_000;

/** A member that is asked for the table before it knows the mesh itself lets others wait this long. */
export const TELL_PATIENCE_MS = 1_000;

/**
 * Gossip brings the records of all nodes within a few rounds; a node without a record by then is gone. Chosen by feel.
 */
export const FIRST_TABLE_LIFE_MS = 30_000;

/** A claim is pasted within minutes; a week leaves room for a colleague who is away. */
export const CLAIM_LIFE_MS = 7 * 86_400_000;

/** Claims of one relay that wait to be used, more than it may serve meshes; the oldest gives way to a new one. */
export const MAX_OPEN_CLAIMS = 64;

/** So many claims are remembered as used, to say so to somebody who tries one again. */
export const MAX_USED_CLAIMS = 256;

/** Meshes of one relay: each has a budget of its own, and a cheap server has 100 MB/s. */
export const MAX_RELAY_MESHES = 32;

/** A dial, two messages, and a mesh that starts. */
export const CLAIM_TIMEOUT_MS = 10_000;

/** Relays of a mesh that a member keeps and stays connected to: two are enough, for one that fails. */
export const MAX_RELAYS = 8;

/** A relay that is off is not tried more often than this. */
export const RELAY_REDIAL_MS = 60_000;

/** Between two signs of life of a relay: QUIC alone takes 27 s to notice one that was killed. */
export const RELAY_BEAT_MS = 2_000;

/** Signs of life that a relay may miss in a row: one may be lost on a busy machine. */
export const MAX_MISSED_RELAY_BEATS = 2;

/**
 * Bytes of datagrams that wait for one stream: at 30 MB/s that is 4 ms. The connection inside finds its rate by losses, so
 * more would be delay and nothing else.
 */
export const RELAY_QUEUE_BYTES = 131_072;

/** Pairs that one node carries for; each holds two queues. */
export const MAX_CARRIED_PAIRS = 256;

/** Pairs of one peer: the machines that it reaches in no other way. A client uses few hosts. */
export const MAX_PAIRS_OF_PEER = 64;

/** A pair without a datagram for so long is over: QUIC's own signs of life come every 10 s. */
export const RELAY_IDLE_MS = 60_000;

/** Members dial a relay that comes back within a second; it waits as long before it dials them. */
export const RELAY_COURTESY_MS = 1_000;

/** A peer whose carrier has gone is looked for over the others after this, and ever later: QUIC waits 27 s for it. */
export const CARRIER_RETRY_MS = 200;

/** ... and this often at last: one that goes on without a carrier has found a direct path. */
export const CARRIER_SLOW_RETRY_MS = 5_000;

/** Of these pauses, those after which a pipe without a connection is not needed: 6 s, as a join has. */
export const IDLE_ROUNDS = 4;

/**
 * The addresses of a peer have this long before others are asked to carry: two round trips around half the world. One that
 * answers later takes over, and a pair of machines that have never met is to be connected within a second.
 */
export const NATIVE_HEAD_START_MS = 400;

/** Nodes that are asked to carry to one peer, one after the other. */
export const MAX_CARRIERS_ASKED = 4;

/** Nodes that are asked what they see of this one: two are enough to know a router that gives each peer a new port. */
export const MAX_WITNESSES = 2;

/** The answer of one of them takes two round trips; a dead peer that it takes for connected never gives one. */
export const CARRY_TIMEOUT_MS = 2_000;

/** Pipes outlive the last connections of a node that stops by this: the addon's goodbye leaves within 0.1 s. */
export const PIPE_LINGER_MS = 200;

/** A pipe outlives its last connection by this: a peer that dials it anew has its answer, or has given up. */
export const PIPE_REDIAL_MS = DIAL_ADDRESS_TIMEOUT_MS;

/** A relay that refuses this node so often in a row, which takes half a minute, has left the mesh. */
export const MAX_RELAY_REFUSALS = 5;
