/** The numbers of src/mesh/lan, each with its reason. Times in milliseconds. */

/** As DNS-SD wants it (RFC 6763); everything on the network that asks for it gets an answer. */
export const LAN_SERVICE = "_mesh-llm._udp.local";

/** How long an answer holds: RFC 6762 has 120 s for what may move. A machine that was switched off is shown as long. */
export const LAN_TTL_SECONDS = 120;

/** Answers are asked for anew before they run out. One question serves all: the answers go to everybody. */
export const LAN_ASK_EVERY_MS = 50_000;

/** A datagram may be lost, so that a start asks once more. */
export const LAN_ASK_AGAIN_MS = 1_000;

/** Interfaces that came or went are noticed, and old entries dropped, this often. */
export const LAN_TICK_MS = 5_000;

/** The pause between two answers on one interface: many that ask at once are answered together. */
export const LAN_ANSWER_PAUSE_MS = 250;

/** An interface that refuses is tried again after this long. */
export const LAN_RETRY_MS = 60_000;

/** More addresses than a machine with containers and tunnels usually has; each costs a socket. */
export const MAX_LAN_INTERFACES = 16;

/**
 * Datagrams of multicast DNS on all interfaces together. A crowded office sends some tens a second, and each of the
 * sockets hears all of them.
 */
export const LAN_PACKET_RATE = { burst: 4_000, perSecond: 1_000 } as const;

/** Above that rate nobody listens for so long: a flood costs a core otherwise. */
export const LAN_HUSH_MS = 30_000;

/** Records of a datagram that are looked at; ours have three. */
export const MAX_LAN_RECORDS = 64;

/** Machines of other meshes that are kept: more than a list could show. */
export const MAX_LAN_STRANGERS = 64;

/** Of them from one address: a machine runs few nodes, and one sender can't crowd out the others. */
export const MAX_LAN_STRANGERS_OF_ADDRESS = 4;

/** Addresses of machines of this mesh; a machine has one for each interface that both share. */
export const MAX_LAN_ADDRESSES = 256;

/** Lines of the log about the network in one run: it is no place for a flood. */
export const MAX_LAN_TOLD = 16;

/** The goodbye is one datagram on each interface; a stop waits no longer for them. */
export const LAN_GOODBYE_MS = 200;
