/** Pairing as the rest of the program sees it: a machine joins by a code that it shows and a person types. */

import type { LanMesh } from "./lan.ts";
import type { MemberRole } from "./roles.ts";

/** A machine that asks to join. */
export interface PairingVisitor {
  readonly id: string;
  /** Its own word, cleaned; anybody may take any name. */
  readonly name: string;
  /** Of the network, as in `192.168.1.5`. */
  readonly address: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  /** When it ends by itself. */
  readonly endsMs: number;
  readonly triesLeft: number;
}

/** This node's own request to join another mesh. */
export interface OwnPairing {
  /** The mesh's name. */
  readonly mesh: string;
  readonly shortId: string;
  readonly state: "asking" | "code" | "joining" | "joined" | "refused" | "failed";
  /** `482-913`; only in the state `code`. */
  readonly code: string | null;
  /** Why it was refused or failed, for people. */
  readonly problem: string | null;
}

/** A request of the node that ran here before: it goes on in the node that was started for it. */
export interface EarlierRequest {
  /** That was asked. */
  readonly mesh: Pick<LanMesh, "name" | "shortId">;
  /** Why this machine could not become what it was let in as; `null` where it has. */
  readonly problem: string | null;
}

/** A member is let in elsewhere as a client. */
export interface ClientInvite {
  readonly token: string;
  readonly mesh: EarlierRequest["mesh"];
}

export interface PairingState {
  /** Neither asks nor is asked: this node leaves the local network alone. */
  readonly isOff: boolean;
  readonly mayAccept: boolean;
  readonly visitor: PairingVisitor | null;
  readonly own: OwnPairing | null;
}

/** A person's answer to a machine that asks. */
export interface PairingAnswer {
  /** @default {whoever is there} */
  readonly id?: string;
  /** As it was typed. */
  readonly code: string;
  readonly role: MemberRole;
  /** @default {as of any other invite of this node} */
  readonly mayInvite?: boolean;
  /** Of the invite. @default {the machine's} */
  readonly name?: string;
}

export type PairingRefusal =
  | "wrong-code"
  | "no-request"
  | "may-not-invite"
  | "unknown-mesh"
  | "in-a-mesh"
  | "asking"
  | "off";

/** An action that can't be done; the message says why. */
export class PairingError extends Error {
  override name = "PairingError";

  /** @param triesLeft of a code that was wrong */
  constructor(readonly why: PairingRefusal, message: string, readonly triesLeft = 0) {
    super(message);
  }
}

/** The end at which a person types the code. All throw {PairingError}. */
export interface PairingHost {
  /** Lets the machine in that shows the code, by an invite of its own. Resolves once it has that. */
  accept(answer: PairingAnswer): Promise<{ readonly name: string; readonly role: MemberRole }>;
  /** @param id by default of whoever is there */
  refuse(id?: string): void;
}

export interface Pairing extends PairingHost {
  state(): PairingState;
  /**
   * Asks a mesh of the local network, by its name or short id, and joins it once a person there has typed the code.
   * @param request.leave also where this node's own mesh has other machines
   */
  ask(request: { readonly mesh: string; readonly leave: boolean }): void;
  /** Ends this node's own request. */
  cancel(): void;
}
