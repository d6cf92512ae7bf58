/** The settings of the mesh. They travel whole to their user, and load nothing but numbers. */

import { MESH_TIMINGS, type MeshTimings } from "./timings.ts";

export interface MeshConfig {
  /** An invite; `null` returns to the last mesh, or founds one. */
  readonly join: string | null;
  /** Leaves the mesh that the data directory belongs to. */
  readonly leave: boolean;
  /** UDP; `null` takes the one of the last start, or a free one. */
  readonly bindPort: number | null;
  /** Whether nodes of the local network are looked for, and this one is announced to them. */
  readonly lan: boolean;
  /** Whether this network's router is asked to lead a port to this node. */
  readonly portMapping: boolean;
  /** Whether what is large goes by TLS on TCP, where it can. */
  readonly wideLane: boolean;
  /** Not for users: tests and simulations have their own. */
  readonly timings: MeshTimings;
}

export const MESH_DEFAULTS: MeshConfig = {
  join: null,
  leave: false,
  bindPort: null,
  lan: true,
  portMapping: true,
  wideLane: true,
  timings: MESH_TIMINGS,
};
