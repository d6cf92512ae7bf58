import { z } from "zod";
import { BadMessageError, byteString } from "./cbor.ts";
import type { Clock } from "./clock.ts";
import {
  GOSSIP_COALESCE_MS,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_GOSSIP_MESSAGE_BYTES,
} from "./defaults.ts";
import { MessageStream } from "./messages.ts";
import type { NetworkStream } from "./network.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "./types.ts";
import { Waker } from "./waker.ts";

const number = z.number().int().nonnegative();
const messageSchema = z.union([
  z.tuple([z.literal("records"), z.array(byteString)]),
  z.tuple([z.enum(["ping", "pong"]), number]),
]);

type Message = z.infer<typeof messageSchema>;

/** Pings that a peer may send without reading the answers. */
const MAX_QUEUED_ANSWERS = 64;

/** What a link tells the one who holds it. */
export interface LinkListener {
  received(records: readonly Uint8Array[], link: GossipLink): void;
  answered(rttMs: number, link: GossipLink): void;
}

/** The gossip stream on one connection, both ways. What waits to be sent is at most one record a node. */
export class GossipLink {
  readonly peer: PeerId;
  readonly #stream: NetworkStream;
  readonly #messages: MessageStream;
  readonly #clock: Clock;
  readonly #wake = new Waker();
  readonly #records = new Map<PeerId, MeshRecord>();
  readonly #controls: Message[] = [];
  readonly #pings = new Map<number, number>();
  #lastPing = 0;
  #coalescing: ReturnType<typeof setTimeout> | undefined;
  #mayFlush = false;
  #ending = false;

  constructor(peer: PeerId, stream: NetworkStream, clock: Clock) {
    this.peer = peer;
    this.#stream = stream;
    this.#messages = new MessageStream(stream, MAX_GOSSIP_MESSAGE_BYTES);
    this.#clock = clock;
  }

  /** Sends a record soon, in one message with what else changes in the same breath. */
  send(record: MeshRecord): void {
    if (this.#ending) return;
    this.#records.set(record.subject, record);
    this.#coalescing ??= setTimeout(() => this.#flush(), GOSSIP_COALESCE_MS);
  }

  /** The answer comes as `answered`. */
  ping(): void {
    const id = ++this.#lastPing;
    this.#pings.clear();
    this.#pings.set(id, this.#clock.elapsed());
    this.#control(["ping", id]);
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
      clearTimeout(this.#coalescing);
    }
  }

  async #readAll(listener: LinkListener): Promise<void> {
    for (;;) {
      const message = await this.#messages.read(messageSchema, "gossip");
      if (message === undefined) break;
      this.#onMessage(message, listener);
    }
    this.end();
  }

  #onMessage(message: Message, listener: LinkListener): void {
    if (message[0] === "records") return listener.received(message[1], this);
    const [kind, id] = message;
    if (kind === "ping") return this.#answer(id);
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
      if (message !== undefined) await this.#messages.write(message);
      else if (this.#ending) break;
      else await this.#wake.wait();
    }
    await this.#stream.closeWrite();
  }

  #control(message: Message): void {
    this.#controls.push(message);
    this.#wake.wake();
  }

  #flush(): void {
    clearTimeout(this.#coalescing);
    this.#coalescing = undefined;
    this.#mayFlush = true;
    this.#wake.wake();
  }

  #nextBatch(): Message | undefined {
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
