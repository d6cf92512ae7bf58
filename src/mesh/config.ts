/** The door to what can be set of the mesh, and to its numbers: it loads neither libp2p nor the QUIC addon. */

export { MESH_DEFAULTS, type MeshConfig } from "./base/config.ts";
export { MAX_WORKERS } from "./base/message_defaults.ts";
export { MESH_TIMINGS, type MeshTimings } from "./base/timings.ts";
