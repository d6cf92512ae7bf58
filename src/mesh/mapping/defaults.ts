/** The numbers of src/mesh/mapping, each with its reason. Times in milliseconds where no unit is named. */

/** As RFC 6886 recommends (section 3.3). A node that is killed leaves a port open for so long. */
export const MAPPING_LIFE_SECONDS = 7_200;

/** A mapping is asked for anew this often: a router that was switched off and on has forgotten it. */
export const MAPPING_RENEW_MS = 600_000;

/** Another network is noticed this late. Reading the routes costs next to nothing. */
export const MAPPING_LOOK_MS = 30_000;

/** A router that did not help is asked again after this long: its owner may have allowed it. */
export const MAPPING_RETRY_MS = 600_000;

/** RFC 6886 repeats a question after 250 ms and doubles the pause; a router of the same network answers within 50 ms. */
export const PMP_PAUSES_MS = [250, 500, 1_000] as const;

export const PMP_PORT = 5_351;

export const SSDP_PORT = 1_900;

export const SSDP_GROUP = "239.255.255.250";

/** A device answers within the second that the question allows (MX 1); one that is asked by a second datagram, within two. */
export const SSDP_ANSWER_MS = 2_500;

/** The pause before the question is put again: a datagram may be lost. */
export const SSDP_AGAIN_MS = 800;

/** One question to a router over HTTP. Slow ones take a second to change their tables. */
export const UPNP_ANSWER_MS = 4_000;

/** Descriptions of routers have 2 to 20 kB. */
export const MAX_UPNP_BYTES = 65_536;

/** Ports that are tried one after the other where another machine has the one before. */
export const MAX_UPNP_PORTS = 8;

/** A stop waits no longer for the router to close the port. */
export const MAPPING_GOODBYE_MS = 1_000;

/** A machine has one router for each network that it is on; more are not asked. */
export const MAX_ROUTERS = 4;
