import { asError } from "../../base/as_error.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";
import { type DnsRecord, goodbyeOf, recordsOf } from "./advert.ts";
import { LAN_ANSWER_PAUSE_MS, LAN_ASK_AGAIN_MS } from "./defaults.ts";
import type { LanSocket } from "./lan_socket.ts";
import type { MeshSeal } from "./seal.ts";

export interface LanVoiceOptions {
  /** Of the interface. */
  readonly address: string;
  readonly self: PeerId;
  readonly label: string;
  readonly seal: MeshSeal;
  readonly clock: Clock;
  readonly offer: () => { readonly name: string; readonly port: number } | null;
  readonly open: () => Promise<LanSocket>;
  readonly failed: (error: Error) => void;
}

/** The questions and answers of this node on one interface. */
export class LanVoice {
  readonly #options: LanVoiceOptions;
  readonly #socket: Promise<LanSocket | undefined>;
  #closed = false;
  #toldAt = -Infinity;
  #cancelTell: Cancel | undefined;
  #cancelAsk: Cancel | undefined;
  /** Made once for a port: a seal costs more than an answer. */
  #sealed: { readonly port: number; readonly text: string } | undefined;

  constructor(options: LanVoiceOptions) {
    this.#options = options;
    this.#socket = options.open().catch((error) => {
      options.failed(asError(error));
      return undefined;
    });
  }

  /** Asks who is there, and says that this node is. */
  begin(): void {
    this.ask();
    this.tell();
    this.#cancelAsk = this.#options.clock.after(LAN_ASK_AGAIN_MS, () => this.ask());
  }

  ask(): void {
    this.#use((socket) => socket.ask());
  }

  /** Answers everybody at once, and no more often than that takes. */
  tell(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const waitMs = this.#toldAt + LAN_ANSWER_PAUSE_MS - clock.elapsed();
    if (waitMs <= 0) return this.#tellNow();
    this.#cancelTell ??= clock.after(waitMs, () => {
      this.#cancelTell = undefined;
      this.#tellNow();
    });
  }

  /** Says goodbye, where it has said anything. */
  async leave(): Promise<void> {
    if (this.#toldAt === -Infinity || this.#closed) return;
    this.#toldAt = -Infinity;
    this.#cancelTell?.();
    this.#cancelTell = undefined;
    await (await this.#socket)?.tell(goodbyeOf(this.#options.label));
  }

  close(): void {
    this.#closed = true;
    this.#cancelTell?.();
    this.#cancelAsk?.();
    this.#socket.then((socket) => socket?.close());
  }

  #tellNow(): void {
    const records = this.#records();
    if (records === null) return;
    this.#toldAt = this.#options.clock.elapsed();
    this.#use((socket) => void socket.tell(records));
  }

  #records(): DnsRecord[] | null {
    const { label, seal, offer } = this.#options;
    const offered = offer();
    if (offered === null) return null;
    const { name: mesh, port } = offered;
    return recordsOf({ label, port, mesh, shortId: seal.shortId, sealed: this.#seal(port) });
  }

  #seal(port: number): string {
    const { address: ip, self: peer, seal } = this.#options;
    if (this.#sealed?.port !== port) {
      this.#sealed = { port, text: seal.close({ ip, port, peer }) };
    }
    return this.#sealed.text;
  }

  #use(use: (socket: LanSocket) => void): void {
    this.#socket.then((socket) => {
      if (socket !== undefined && !this.#closed) use(socket);
    });
  }
}
