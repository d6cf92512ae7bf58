import { isIP } from "node:net";
import { z } from "zod";
import { type Bucket, take } from "../../base/token_bucket.ts";
import type { ByteStream } from "../base/byte_stream.ts";
import { BadMessageError, byteStringOf } from "../base/cbor.ts";
import type { Clock } from "../base/clock.ts";
import { MessageStream } from "../base/messages.ts";
import { MAX_CANDIDATES, MAX_PLACES_BYTES, PLACES_RATE } from "./defaults.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";

const SECRET_BYTES = 32;

const placesSchema = z.object({
  /** Only in the first message of the node that has opened the stream. */
  secret: byteStringOf(SECRET_BYTES).optional(),
  ends: z.array(z.tuple([z.string().max(45), z.number().int().min(1).max(65_535)]))
    .max(MAX_CANDIDATES),
});

export interface PlacesExchangeParts {
  readonly stream: ByteStream;
  /** This node has opened the stream. */
  readonly opens: boolean;
  readonly clock: Pick<Clock, "elapsed">;
  /** The places at which this node may be met, now. */
  readonly own: () => readonly UdpEnd[];
  readonly agreed: (secret: Uint8Array) => void;
  readonly told: (ends: readonly UdpEnd[]) => void;
}

/**
 * Two nodes tell each other where they may be met, over a connection of theirs that nobody between them can read. The one
 * that has opened the stream brings a secret, by which they know each other there; whenever its places change, a node
 * tells them anew.
 */
export class PlacesExchange {
  readonly #parts: PlacesExchangeParts;
  readonly #messages: MessageStream;
  #writing: Promise<void> = Promise.resolve();
  #isDue = false;
  #rate: Bucket | undefined;

  constructor(parts: PlacesExchangeParts) {
    this.#parts = parts;
    this.#messages = new MessageStream(parts.stream, MAX_PLACES_BYTES);
  }

  /** Resolves when the peer ends the stream. @throws {BadMessageError} and where the stream breaks. */
  async run(): Promise<void> {
    const { opens, agreed } = this.#parts;
    const own = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    if (opens) await this.#write(own);
    const first = await this.#messages.expect(placesSchema, "list of places");
    const secret = opens ? own : first.secret;
    if (secret === undefined) throw new BadMessageError("The list of places brings no secret");
    agreed(secret);
    this.#tell(first.ends);
    if (!opens) this.tell();
    for (;;) {
      const next = await this.#messages.read(placesSchema, "list of places");
      if (next === undefined) return;
      this.#tell(next.ends);
    }
  }

  /** This node's places have changed. Those of a moment are told once. */
  tell(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#writing = this.#writing.then(() => {
      this.#isDue = false;
      return this.#write();
    }).catch(() => undefined); // the stream has broken, which `run` tells
  }

  async #write(secret?: Uint8Array): Promise<void> {
    const ends = this.#parts.own().map(({ ip, port }) => [ip, port]);
    await this.#messages.write({ ...secret !== undefined && { secret }, ends });
  }

  #tell(ends: readonly (readonly [string, number])[]): void {
    const { bucket, allowed } = take(this.#rate, PLACES_RATE, this.#parts.clock.elapsed());
    this.#rate = bucket;
    if (!allowed) throw new BadMessageError("Lists of places come too often");
    const valid = ends.filter(([ip]) => isIP(ip) !== 0 && !ip.includes("%"));
    this.#parts.told(valid.map(([ip, port]) => udpEnd(ip, port)));
  }
}
