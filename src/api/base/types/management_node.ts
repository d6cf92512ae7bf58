/** The narrow view of the node that the management routes work on. */

import type { EngineLog, NodeEvent } from "./events.ts";
import type { Meaning } from "./gateway_node.ts";
import type { ModelActions } from "./models.ts";
import type { PairingActions } from "./pairing.ts";
import type { RelayActions } from "./relays.ts";
import type { SettingsActions } from "./model_settings.ts";
import type { Status } from "./status.ts";

/** The totals that a node counts since its start. */
export interface NodeCounters {
  /** Children that were started again after a crash, by the model that they served or lent memory to. */
  readonly engineRestarts: ReadonlyMap<string, number>;
  /** Refusals to peers, by kind. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** The node's knowledge of a peer, and the result of trying to reach it. */
export interface PeerCheck {
  id: string;
  name: string;
  version: string;
  addresses: string[];
  /** `null` where this node does not know it, as a client. */
  rpcProtocol: string | null;
  /** By the peer's own clock, in milliseconds since the epoch, or later. */
  startedMs: number | null;
  /** Why no stream opened just now; `null` where one did. */
  unreachable: string | null;
}

/** One of `GET /api/tokens`: an invite that this node made, or that was made from one of its own and is in use. */
export interface InviteStatus {
  /** Names it in `DELETE /api/tokens/:id`. */
  id: string;
  role: "member" | "client" | "relay";
  name: string | null;
  mayInvite: boolean;
  /** Epoch milliseconds. */
  expiresAt: number | null;
  state: "valid" | "expired" | "revoked";
  /** Epoch milliseconds; `null` for one that another node made. */
  createdAt: number | null;
  /** PeerIds of the nodes that are connected by it now. */
  usedBy: string[];
}

export interface NamedMachine {
  /** A PeerId. */
  id: string;
  name: string | null;
}

/** Of `GET /api/peers/:machine/removal`, what would come of it; of `DELETE /api/peers/:machine`, what came of it. */
export interface MachineRemoval {
  machine: NamedMachine;
  /** Machines that came by its invites, or by the same one, and stay. */
  stays: NamedMachine[];
  /** Those that are away, and have to be invited again. */
  lost: NamedMachine[];
}

/** The node does not revoke or remove what it was asked to; the message says why. */
export class InviteRefusedError extends Error {
  override name = "InviteRefusedError";

  constructor(readonly why: "unknown" | "not-allowed", message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The part of the node that the management routes need. */
export interface ManagementNode {
  counters(): NodeCounters;
  readonly modelActions: ModelActions;
  readonly modelSettings: SettingsActions;
  readonly pairing: PairingActions;
  /** As in `GatewayNode`. */
  freshen(): Promise<void>;
  /** Somebody looks on: what a passive node knows is kept fresh until the result is called. */
  watch(): () => void;
  status(): Status;
  /** As in `GatewayNode`. */
  meaning(asked: string): Meaning;
  /** Every event from now on; `status` events come at most 4 a second. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
  /** The ends of the logs of llama.cpp's processes, the latest first. */
  engineLogs(): Promise<EngineLog[]>;
  /** Tries to reach every peer; takes a few seconds at most. */
  checkPeers(): Promise<PeerCheck[]>;
  /** A new invite. @throws {Error} with a sentence where this node may not invite. */
  invite(
    options: {
      role: "member" | "client";
      name?: string;
      mayInvite?: boolean;
      /** Epoch milliseconds. */
      expiresAt?: number;
    },
  ): Promise<string>;
  tokens(): InviteStatus[];
  /** Ends an invite and the membership of every node that joined by it. @throws {InviteRefusedError} */
  revoke(id: string): Promise<void>;
  /** Tells the outcome of removing a machine, by its PeerId or name. @throws {InviteRefusedError} */
  removalOf(machine: string): Promise<MachineRemoval>;
  /** Ends a machine's membership, and of nobody else who is here. @throws {InviteRefusedError} */
  remove(machine: string): Promise<MachineRemoval>;
  readonly relays: RelayActions;
  /** The node begins to end, in order, as by a signal. */
  end(): void;
  /** This node serves the model from now on, as if `--model` had named it. @throws {ModelRefusedError} */
  serve(model: string): Promise<void>;
  /** This node stops serving the model; resolves when its memory is free. @throws {ModelRefusedError} */
  drop(model: string): Promise<void>;
}
