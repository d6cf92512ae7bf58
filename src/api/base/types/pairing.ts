/** Machines of the local network that ask to join, and this one's own request: `GET /api/pairing`. */

/** A machine that asks to join, and shows its person a code. */
export interface PairingRequest {
  id: string;
  /** Its own word: anybody may take any name. */
  name: string;
  /** `192.168.1.5`: where it asks from. */
  address: string;
  /** Epoch milliseconds. */
  sinceMs: number;
  /** When it ends by itself; epoch milliseconds. */
  endsMs: number;
  /** Of the code. */
  triesLeft: number;
}

/** This node's own request to join another mesh, the last one until another is made. */
export interface OwnPairing {
  mesh: string;
  shortId: string;
  state: "asking" | "code" | "joining" | "joined" | "refused" | "failed";
  /** `482-913`, to be typed on a machine of that mesh; only in the state `code`. */
  code: string | null;
  /** Why it was refused or failed. */
  problem: string | null;
}

export interface PairingView {
  /** `off`: this node leaves the local network alone. */
  state: "on" | "off";
  mayAccept: boolean;
  /** One at most at a time. */
  requests: PairingRequest[];
  own: OwnPairing | null;
}

/** A person's answer to a machine that asks. */
export interface PairingAnswer {
  /** @default {the one request there is} */
  readonly id?: string;
  /** As it was typed: `482-913`, `482913`. */
  readonly code: string;
  readonly role: "member" | "client";
  /** @default {as of any other invite of this node} */
  readonly mayInvite?: boolean;
  /** Names the invite. @default {the machine's own name} */
  readonly name?: string;
}

/** Why an action on pairing is refused; the message is for people. */
export type PairingRefusal =
  | "wrong-code"
  | "no-request"
  | "may-not-invite"
  | "unknown-mesh"
  | "in-a-mesh"
  | "asking"
  | "off";

export class PairingRefusedError extends Error {
  override name = "PairingRefusedError";

  /** @param triesLeft of a code that was wrong */
  constructor(readonly why: PairingRefusal, message: string, readonly triesLeft = 0) {
    super(message);
  }
}

/** The actions on pairing that the management routes need. Each is refused by a {PairingRefusedError}. */
export interface PairingActions {
  view(): PairingView;
  /** Lets the machine in that shows the code: it gets an invite of its own. */
  accept(answer: PairingAnswer): Promise<{ readonly name: string; readonly role: string }>;
  /** @param id by default of the one request there is */
  refuse(id?: string): Promise<void>;
  /** Asks the mesh of that name or short id. Resolves once it is being asked. */
  ask(request: { readonly mesh: string; readonly leave: boolean }): Promise<void>;
  /** Ends this node's own request, if there is one. */
  cancel(): Promise<void>;
}
