import { asError } from "../../base/as_error.ts";
import type { Logger, MessageStreamDirection } from "@libp2p/interface";
import { AbstractMultiaddrConnection, type SendResult } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { ConnectionLostError } from "./stream_errors.ts";
import type { NativeConnection } from "./native.ts";

export interface QuicConnectionInit {
  readonly native: NativeConnection;
  readonly direction: MessageStreamDirection;
  readonly log: Logger;
}

/** A QUIC connection as libp2p sees it. Bytes go over its streams only. */
export class QuicConnection extends AbstractMultiaddrConnection {
  readonly #native: NativeConnection;
  /** Resolves when the addon has let go of it, which is a moment after the `close` event. */
  readonly gone: Promise<void>;
  #muxer: { abort(reason: Error): void } | undefined;
  #reason = "it was closed";

  constructor({ native, direction, log }: QuicConnectionInit) {
    super({ remoteAddr: multiaddr(native.remoteMultiaddr()), direction, log });
    this.#native = native;
    this.gone = this.#watch();
  }

  /** Called by its muxer. */
  attach(muxer: { abort(reason: Error): void }): void {
    this.#muxer = muxer;
  }

  /** The connection stays, and takes no more streams. */
  resetStreams(reason: Error): void {
    this.#muxer?.abort(reason);
  }

  /** The error of a stream that was cut off by the end of the connection. */
  lostError(): ConnectionLostError {
    return new ConnectionLostError(this.#reason);
  }

  override sendData(): SendResult {
    throw new TypeError("A QUIC connection carries no bytes outside its streams");
  }

  override sendReset(): void {
    this.#native.abort();
  }

  override sendClose(): Promise<void> {
    this.#native.abort();
    return Promise.resolve();
  }

  override sendPause(): void {}

  override sendResume(): void {}

  /** Never rejects. */
  async #watch(): Promise<void> {
    await this.#native.closed().catch(() => undefined);
    this.#reason = await this.#closeReason();
    this.onTransportClosed();
  }

  /** Only a call that fails tells why; streams that nobody took come before it. */
  async #closeReason(): Promise<string> {
    for (;;) {
      try {
        await this.#native.inboundStream();
      } catch (error) {
        return asError(error).message;
      }
    }
  }
}
