import type { DatagramPath } from "../base/datagram_path.ts";
import type { NetworkStream } from "../link/network.ts";
import { DatagramSender } from "./datagram_sender.ts";
import { FrameReader } from "./frames.ts";

/** One end of a pair whose datagrams a third node carries. */
export class RelayPath implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  /** Resolves once nothing comes any more, whoever has ended it; never rejects. */
  readonly closed: Promise<void>;
  readonly #stream: NetworkStream;
  readonly #sender: DatagramSender;

  /** @param unread bytes that came behind the confirmation */
  constructor(stream: NetworkStream, unread: Uint8Array) {
    this.#stream = stream;
    this.#sender = new DatagramSender(stream, () => this.close());
    this.closed = this.#read(unread).catch(() => undefined).finally(() => this.close());
  }

  send(datagram: Uint8Array): void {
    this.#sender.send(datagram);
  }

  close(): void {
    this.#sender.close();
    this.onDatagram = undefined;
    this.#stream.reset(new Error("The relayed path is not used any more"));
  }

  async #read(unread: Uint8Array): Promise<void> {
    const reader = new FrameReader();
    const take = (datagram: Uint8Array) => this.onDatagram?.(datagram);
    // Its user listens from the next turn on.
    await Promise.resolve();
    reader.push(unread, take);
    for (let bytes = await this.#stream.read(); bytes !== null;) {
      reader.push(bytes, take);
      this.#stream.recycle(bytes);
      bytes = await this.#stream.read();
    }
  }
}
