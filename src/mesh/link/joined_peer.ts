import type { Link } from "../trust/capability.ts";
import type { AdmittedPeer } from "../base/mesh.ts";

/** A peer whose membership was checked on its connection. */
export interface JoinedPeer extends AdmittedPeer {
  /** A client, or a member that stands by: it asks for the routing table, and gossips with nobody. */
  readonly passive: boolean;
  readonly incarnation: number;
  readonly born: number;
  readonly version: string;
  /** Epoch milliseconds at which its membership ends. */
  readonly expiresAt: number | null;
  readonly links: readonly Link[];
}
