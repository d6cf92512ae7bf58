import {
  type EntropyMessage,
  type GossipMessage,
  gossipMessage,
  toWire,
} from "./gossip_messages.ts";
import { BadMessageError } from "../base/cbor.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { GOSSIP_COALESCE_MS, MAX_MEMBERS } from "../base/defaults.ts";
import { GOSSIP_MESSAGE_RATE } from "../base/rate_defaults.ts";
import { MAX_ANNOUNCEMENT_BYTES, MAX_GOSSIP_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { RateExceededError } from "../base/errors.ts";
import { MessageStream } from "../base/messages.ts";
import type { NetworkStream } from "../link/network.ts";
import { type Bucket, take } from "../../base/token_bucket.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";
import { Waker } from "../base/waker.ts";

/** Questions that a peer may send without reading the answers. */
const MAX_QUEUED_ANSWERS = 64;

/** Pings whose answer may still come: a late one tells that the peer lives, and how slowly. */
const MAX_OPEN_PINGS = 4;

/** The events of a link, for its owner. */
export interface LinkListener {
  /** The next message is read once it has resolved. */
  received(records: readonly Uint8Array[], link: GossipLink): void | Promise<void>;
  answered(rttMs: number, link: GossipLink): void;
  told(message: EntropyMessage, link: GossipLink): void;
  /** The peer has ended the link in good order, before this node did. */
  parted(link: GossipLink): void;
}

/** The gossip stream on one connection, both ways. At most one record for each node waits to be sent. */
export class GossipLink {
  readonly peer: PeerId;
  readonly #stream: NetworkStream;
  readonly #messages: MessageStream;
  readonly #clock: Clock;
  readonly #wake = new Waker();
  readonly #records = new Map<PeerId, MeshRecord>();
  readonly #controls: GossipMessage[] = [];
  readonly #pings = new Map<number, number>();
  #bucket: Bucket | undefined;
  #lastPing = 0;
  #coalescing: Cancel | undefined;
  #mayFlush = false;
  #ending = false;

  constructor(peer: PeerId, stream: NetworkStream, clock: Clock) {
    this.peer = peer;
    this.#stream = stream;
    this.#messages = new MessageStream(stream, MAX_GOSSIP_MESSAGE_BYTES);
    this.#clock = clock;
  }

  /** Sends a record soon, in one message with the other records that change in the same tick. */
  send(record: MeshRecord): void {
    if (this.#ending) return;
    this.#records.set(record.subject, record);
    // A peer that reads nothing hears of the oldest when it compares itself.
    const [oldest] = this.#records.keys();
    if (oldest !== undefined && this.#records.size > 2 * MAX_MEMBERS) this.#records.delete(oldest);
    this.#coalescing ??= this.#clock.after(GOSSIP_COALESCE_MS, () => this.#flush());
  }

  /** The answer comes as `answered`. */
  ping(): void {
    const id = ++this.#lastPing;
    const [oldest] = this.#pings.keys();
    if (oldest !== undefined && this.#pings.size >= MAX_OPEN_PINGS) this.#pings.delete(oldest);
    this.#pings.set(id, this.#clock.elapsed());
    this.#control(["ping", id]);
  }

  /** A peer that does not read gets no further message; the next round comes. */
  tell(message: EntropyMessage): void {
    if (!this.#ending && this.#controls.length < MAX_QUEUED_ANSWERS) this.#control(message);
  }

  /** Sends what waits, and ends this side; `run` returns when the peer has ended its own. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  /** Reads and writes until either side ends the link or it breaks. Rejects where it broke. */
  async run(listener: LinkListener): Promise<void> {
    try {
      await Promise.all([this.#readAll(listener), this.#writeAll()]);
    } catch (error) {
      this.#stream.reset(error as Error);
      this.end();
      throw error;
    } finally {
      this.#coalescing?.();
    }
  }

  async #readAll(listener: LinkListener): Promise<void> {
    for (;;) {
      const message = await this.#messages.read(gossipMessage, "gossip");
      if (message === undefined) break;
      this.#checkRate();
      if (message[0] !== "unknown") await this.#onMessage(message, listener);
    }
    if (!this.#ending) listener.parted(this);
    this.end();
  }

  #checkRate(): void {
    const { bucket, allowed } = take(this.#bucket, GOSSIP_MESSAGE_RATE, this.#clock.elapsed());
    this.#bucket = bucket;
    if (!allowed) throw new RateExceededError(`${this.peer} sends more messages than are allowed`);
  }

  #onMessage(message: GossipMessage, listener: LinkListener): void | Promise<void> {
    switch (message[0]) {
      case "records":
        return listener.received(message[1], this);
      case "ping":
        return this.#answer(message[1]);
      case "pong":
        return this.#onPong(message[1], listener);
      default:
        return listener.told(message, this);
    }
  }

  #onPong(id: number, listener: LinkListener): void {
    const sentAt = this.#pings.get(id);
    this.#pings.delete(id);
    if (sentAt !== undefined) listener.answered(this.#clock.elapsed() - sentAt, this);
  }

  #answer(id: number): void {
    if (this.#controls.length >= MAX_QUEUED_ANSWERS) {
      throw new BadMessageError("The peer sends pings and does not read the answers");
    }
    this.#control(["pong", id]);
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      const message = this.#controls.shift() ?? this.#nextBatch();
      if (message !== undefined) await this.#messages.write(toWire(message));
      else if (this.#ending) break;
      else await this.#wake.wait();
    }
    await this.#stream.closeWrite();
  }

  #control(message: GossipMessage): void {
    this.#controls.push(message);
    this.#wake.wake();
  }

  #flush(): void {
    this.#coalescing?.();
    this.#coalescing = undefined;
    this.#mayFlush = true;
    this.#wake.wake();
  }

  #nextBatch(): GossipMessage | undefined {
    if (!this.#mayFlush) return undefined;
    const batch: Uint8Array[] = [];
    let size = 0;
    for (const [subject, { bytes }] of this.#records) {
      if (size + bytes.byteLength > MAX_GOSSIP_MESSAGE_BYTES - MAX_ANNOUNCEMENT_BYTES) break;
      this.#records.delete(subject);
      batch.push(bytes);
      size += bytes.byteLength;
    }
    this.#mayFlush = this.#records.size > 0;
    return batch.length > 0 ? ["records", batch] : undefined;
  }
}
