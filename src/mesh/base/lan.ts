/** The machines on the local network, as the rest of the program sees them. */

import type { PeerId } from "./peer_id.ts";

/** Another mesh. Its name is its own word, cleaned; anybody may announce any name. */
export interface LanMesh {
  readonly name: string;
  /** Tells meshes of one name apart, and nothing else. */
  readonly shortId: string;
  /** Nodes of it that announce themselves here. */
  readonly machines: number;
  /** `192.168.1.5:47001`: where they can be asked to let this machine join. */
  readonly addresses: readonly string[];
}

/** A machine of this mesh. */
export interface LanPeer {
  readonly peer: PeerId;
  /** With `/p2p/`, as they are dialled. */
  readonly addresses: readonly string[];
}

export interface LanView {
  /** `off`: neither looked for nor announced. `listening`: heard, and nothing is sent. */
  readonly state: "off" | "listening" | "announced";
  /** Why a part of the network can't be heard or is not listened to at the moment; `null` where all is well. */
  readonly problem: string | null;
  /** This mesh, as others on the network see it; `null` while nothing is announced. */
  readonly own: { readonly name: string; readonly shortId: string } | null;
  readonly meshes: readonly LanMesh[];
  readonly peers: readonly LanPeer[];
}

export const NO_LAN: LanView = { state: "off", problem: null, own: null, meshes: [], peers: [] };
