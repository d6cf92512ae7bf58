import type { Logger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { NotAllowedError } from "../base/errors.ts";
import {
  type PairingAnswer,
  PairingError,
  type PairingHost,
  type PairingVisitor,
} from "../base/pairing.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { MemberRole } from "../base/roles.ts";
import { asMeshName } from "../lan/advert.ts";
import type { NetworkStream, PeerConnection } from "../link/network.ts";
import { sourceOf, yieldingOf } from "../link/crowding.ts";
import {
  codeOf,
  commitmentOf,
  type Ends,
  meshMark,
  PAIRING_NONCE_BYTES,
  typedCode,
} from "./code.ts";
import { MAX_PAIRING_STREAMS, PAIRING_LIFE_MS } from "./defaults.ts";
import { PairingDesk, type Visitor } from "./desk.ts";
import { askSchema, nonceSchema, type PairingEnd } from "./messages.ts";
import { Partner } from "./partner.ts";

/** The terms on which a machine is let in. */
export interface PairingInvite {
  readonly role: MemberRole;
  readonly name: string;
  /** @default {as of any other invite of this node} */
  readonly mayInvite?: boolean;
}

export interface PairingHostParts {
  readonly self: PeerId;
  readonly meshKey: Uint8Array;
  /** By which the mesh is known on the network. */
  readonly meshName: () => string;
  readonly mayInvite: () => boolean;
  /** Makes a fresh invite. @throws {NotAllowedError} */
  readonly issue: (invite: PairingInvite) => string;
  /** Ends an invite that nobody is known to have. */
  readonly withdraw: (token: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Somebody has come or gone, or a code was wrong. */
  readonly changed: () => void;
  /** Somebody is turned away, unseen by a person. */
  readonly refused: () => void;
}

interface Asking {
  readonly connection: PeerConnection;
  readonly source: string;
  /** It was counted. */
  isRefused: boolean;
}

/** How a visit ends: by a person, or by the time. */
type Verdict =
  | { readonly kind: "token"; readonly token: string; readonly handed: PromiseWithResolvers<void> }
  | { readonly kind: "over"; readonly why: PairingEnd };

/**
 * The member's end of pairing: shows who asks, and gives an invite to the one whose code a person has typed. A partner
 * that is slow, silent or sends nonsense loses its connection, and the place is free again.
 */
export class PairingDoor implements PairingHost {
  readonly #parts: PairingHostParts;
  readonly #desk = new PairingDesk();
  readonly #mark: Uint8Array;
  /** Those that have not been let through or refused yet, the longest first. */
  readonly #waiting = new Set<Asking>();
  /** Ends the visit that a person sees. */
  #end: ((verdict: Verdict) => void) | null = null;
  readonly #stopping = new AbortController();

  constructor(parts: PairingHostParts) {
    this.#parts = parts;
    this.#mark = meshMark(parts.meshKey);
  }

  get visitor(): PairingVisitor | null {
    const visitor = this.#desk.visitor;
    if (visitor === null) return null;
    const { code: _, ...shown } = visitor;
    return shown;
  }

  /** Speaks with a node that has proven nothing but its key. Ends the connection. */
  async answer(stream: NetworkStream, connection: PeerConnection): Promise<void> {
    const { logger } = this.#parts;
    const over = new Error("The pairing is over");
    const source = sourceOf(connection.remoteAddress);
    const asking = { connection, source, isRefused: false };
    if (this.#waiting.size >= MAX_PAIRING_STREAMS) this.#crowdOut(source);
    this.#waiting.add(asking);
    try {
      await this.#answer(new Partner(stream, this.#parts.clock, this.#stopping.signal), asking);
    } catch (error) {
      logger.debug("Pairing with {peer} ended: {error}", { peer: connection.peer, error });
    } finally {
      this.#waiting.delete(asking);
      connection.abort(over);
    }
  }

  /** A flood takes the places from itself, and not from the machine of somebody who waits for a code. */
  #crowdOut(newcomer: string): void {
    const yielding = yieldingOf(this.#waiting, newcomer);
    if (yielding === undefined) return;
    this.#waiting.delete(yielding);
    this.#countRefused(yielding);
    yielding.connection.abort(new Error("Too many machines ask to join"));
  }

  #countRefused(asking: Asking): void {
    if (!asking.isRefused) this.#parts.refused();
    asking.isRefused = true;
  }

  async accept({ id, code, role, mayInvite, name }: PairingAnswer) {
    if (!this.#parts.mayInvite()) {
      throw new PairingError(
        "may-not-invite",
        "This machine may not add others: type the code on the one that founded the mesh, or on " +
          "one that was added with the right to invite",
      );
    }
    const judgement = this.#desk.judge(typedCode(code), id);
    if (judgement.kind === "nobody") throw nobodyAsks();
    if (judgement.kind === "wrong") throw this.#wrongCode(judgement.triesLeft);
    const { visitor } = judgement;
    const invite = {
      role,
      name: name ?? visitor.name,
      ...(mayInvite === undefined ? {} : { mayInvite }),
    };
    const token = this.#issue(invite);
    await this.#hand(token);
    this.#parts.logger.info("{name} was let in as a {role}", { name: visitor.name, role });
    return { name: visitor.name, role };
  }

  /** One that has gone meanwhile may have read the token all the same, so it is revoked and not only forgotten. */
  async #hand(token: string): Promise<void> {
    const handed = Promise.withResolvers<void>();
    this.#end?.({ kind: "token", token, handed });
    try {
      await handed.promise;
    } catch (error) {
      await this.#parts.withdraw(token);
      throw error;
    }
  }

  refuse(id?: string): void {
    const { visitor } = this;
    if (visitor === null || (id !== undefined && id !== visitor.id)) throw nobodyAsks();
    this.#end?.({ kind: "over", why: "refused" });
  }

  stop(): void {
    this.#stopping.abort(new Error("This node stops"));
  }

  #issue(invite: PairingInvite): string {
    try {
      return this.#parts.issue(invite);
    } catch (error) {
      if (!(error instanceof NotAllowedError)) throw error;
      throw new PairingError("may-not-invite", error.message);
    }
  }

  #wrongCode(triesLeft: number): PairingError {
    if (triesLeft === 0) this.#end?.({ kind: "over", why: "wrong-code" });
    this.#parts.changed();
    const rest = triesLeft === 0
      ? "and the request is refused: ask again from the other machine in a while"
      : `${triesLeft === 1 ? "one try is" : `${triesLeft} tries are`} left`;
    return new PairingError(
      "wrong-code",
      `This is not the code that the other machine shows, ${rest}`,
      triesLeft,
    );
  }

  async #answer(partner: Partner, asking: Asking): Promise<void> {
    const { clock, mayInvite, self } = this.#parts;
    const { name } = await partner.expect(askSchema, "request");
    const { source, connection } = asking;
    const entry = mayInvite() ? this.#desk.enter(source, clock.elapsed()) : "may-not-invite";
    if (entry !== "come") {
      this.#countRefused(asking);
      return await partner.say({ ok: false, why: entry }, "last");
    }
    // It has the one place, which nobody takes from it.
    this.#waiting.delete(asking);
    const leave = once((isRefused: boolean) => this.#desk.leave(isRefused, clock.elapsed()));
    try {
      const ends = { mark: this.#mark, member: self, newcomer: connection.peer };
      const code = await this.#agree(partner, ends);
      await this.#host(partner, this.#visitorOf(name, code, source), leave);
    } finally {
      leave(false);
    }
  }

  /** This end's nonce is told last, and bound before the other's is known. */
  async #agree(partner: Partner, ends: Ends): Promise<string> {
    const nonce = crypto.getRandomValues(new Uint8Array(PAIRING_NONCE_BYTES));
    const mesh = this.#parts.meshName();
    await partner.say({ ok: true, commitment: commitmentOf(ends, nonce), mesh });
    const theirs = await partner.expect(nonceSchema, "nonce");
    await partner.say({ nonce, mark: ends.mark });
    return codeOf(ends, { member: nonce, newcomer: theirs.nonce });
  }

  #visitorOf(name: string, code: string, source: string): Visitor {
    const id = crypto.getRandomValues(new Uint8Array(6)).toHex();
    const sinceMs = this.#parts.clock.now();
    const endsMs = sinceMs + PAIRING_LIFE_MS;
    return { id, name: asMeshName(name), address: source, code, sinceMs, endsMs };
  }

  /** Waits for a person. The place is free before the partner has heard the end. */
  async #host(
    partner: Partner,
    visitor: Visitor,
    leave: (isRefused: boolean) => void,
  ): Promise<void> {
    const { clock, logger, changed } = this.#parts;
    const { promise: decided, resolve } = Promise.withResolvers<Verdict>();
    const end = once((verdict: Verdict) => {
      const isRefused = verdict.kind === "over" && verdict.why !== "too-late";
      this.#end = null;
      leave(isRefused);
      changed();
      resolve(verdict);
    });
    this.#end = end;
    this.#desk.show(visitor);
    logger.info("{name} asks to join. Type the code it shows: mesh-llm pair accept CODE", {
      event: "pairing",
      name: visitor.name,
      address: visitor.address,
    });
    changed();
    const late = () => end({ kind: "over", why: "too-late" });
    const cancel = clock.after(PAIRING_LIFE_MS, late);
    void partner.gone().then(late);
    const verdict = await decided;
    cancel();
    await tell(partner, verdict);
  }
}

async function tell(partner: Partner, verdict: Verdict): Promise<void> {
  if (verdict.kind === "over") return await partner.say({ ok: false, why: verdict.why }, "last");
  const { token, handed } = verdict;
  try {
    await partner.say({ ok: true, token });
    handed.resolve();
  } catch {
    handed.reject(nobodyAsks());
  }
  await partner.end();
}

/** The first call counts. */
function once<T>(run: (value: T) => void): (value: T) => void {
  let isDone = false;
  return (value) => {
    if (isDone) return;
    isDone = true;
    run(value);
  };
}

function nobodyAsks(): PairingError {
  return new PairingError("no-request", "No machine asks to join now, or it has gone meanwhile");
}
