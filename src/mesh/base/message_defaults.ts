/** The most that a message may say, each with its reason. Sizes in bytes. */

/** docs/defaults.md. */
export const MAX_ANNOUNCEMENT_BYTES = 65_536;

/** docs/protocols.md. */
export const MAX_ANNOUNCED_MODELS = 200;

/** Instances, claims and the like of one node: more models than people let one machine hold. */
export const MAX_AT_ONCE = 32;

/** A few for each of the models that a machine may serve at once. */
export const MAX_ANNOUNCED_ALIASES = 64;

/** One for each model that it could serve at once. */
export const MAX_ANNOUNCED_FAILURES = 32;

/** A line of llama.cpp's log with the name of what wrote it; nobody reads further. */
export const MAX_REASON_CHARS = 400;

/** One for each model that it serves; what it served in the last minutes counts among them. */
export const MAX_ANNOUNCED_DEMANDS = 32;

/** As many as a machine may hold, and more than llama.cpp takes. */
export const MAX_ANNOUNCED_DEVICES = 64;

/** Of one split: one for each worker. */
export const MAX_ANNOUNCED_PORTS = 256;

/** Workers of one split. Each costs a round trip a token: more than a few do not help. */
export const MAX_WORKERS = 256;

/** docs/protocols.md: RTTs of the nearest. */
export const MAX_ANNOUNCED_RTTS = 32;

/** Models that wait for the same memory: their callers are few, and the first of them are told. */
export const MAX_ANNOUNCED_TURNS = 16;

/** Bytes of one gossip message: four of the largest announcements. */
export const MAX_GOSSIP_MESSAGE_BYTES = 262_144;

/** A hello is a chain of at most 16 certificates of about 200 bytes. */
export const MAX_JOIN_MESSAGE_BYTES = 16_384;

/** A table of 1,000 nodes with their devices and addresses, with room. */
export const MAX_ROUTES_MESSAGE_BYTES = 4_194_304;

/** Peers in a token, this node first: each is about 60 characters, and people copy tokens. */
export const MAX_TOKEN_PEERS = 4;

/** Addresses of one peer in a token. */
export const MAX_TOKEN_ADDRESSES = 3;

/** A name of 63 letters, a port, and a PeerId. */
export const MAX_ADDRESS_LENGTH = 160;

/** Addresses of one peer in an announcement. */
export const MAX_ADDRESSES = 16;

/** A revocation carries its signer's chain: 16 certificates of about 200 bytes, with room. */
export const MAX_REVOCATION_BYTES = 8_192;

/** Revocations in one message, and the most bytes of it. */
export const REVOCATIONS_A_MESSAGE = 32;
export const MAX_REVOCATIONS_MESSAGE_BYTES = REVOCATIONS_A_MESSAGE * (MAX_REVOCATION_BYTES + 16);

/** Names that a routing table carries as wanted: ten a member. */
export const MAX_TABLE_WANTED = 10_000;

/** ... and as lost; and the bytes of each: 100 for each of a thousand members, five times over. */
export const MAX_TABLE_NAMES_BYTES = 524_288;

/** Models in it that share their names with others: nobody honest has more, and each takes 300 bytes at most. */
export const MAX_TABLE_NAMESAKES = 500;

/** Models in it that lie on disks: more than anybody looks through, and each takes as much. */
export const MAX_TABLE_FILES = 500;

/** The machines in it: what a client takes, less its lists of names and of models, and what encloses them. */
export const MAX_TABLE_BYTES = MAX_ROUTES_MESSAGE_BYTES - 3 * MAX_TABLE_NAMES_BYTES -
  (MAX_TABLE_NAMESAKES + MAX_TABLE_FILES) * 1_024 - 65_536;

/** A token has 3,000 characters at most in practice. */
export const MAX_CLAIM_MESSAGE_BYTES = 16_384;

/** Relays that a node announces: those that it is connected to. */
export const MAX_ANNOUNCED_RELAYS = 4;

/** Of one relay: IPv4, IPv6 and a former one. */
export const MAX_RELAY_ADDRESSES = 4;

/** The addresses of a relay. */
export const MAX_RELAY_MESSAGE_BYTES = 4_096;

/** Machines with the file of a model that none holds alone, for whether those near one of them do: there are few sites. */
export const MAX_HOLDERS_TRIED = 16;
