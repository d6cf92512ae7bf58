import { generateKeyPair, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Logger, Stream } from "@libp2p/interface";
import { defaultOptions } from "@chainsafe/libp2p-quic";
import {
  Client,
  QuinnConfig,
  Server,
} from "../../node_modules/@chainsafe/libp2p-quic/dist/src/napi.js";
import { QuicStream } from "../../node_modules/@chainsafe/libp2p-quic/dist/src/stream.js";
import { Libp2pStream } from "../../src/mesh/libp2p_stream.ts";
import type { PeerStream } from "../../src/tunnel/mod.ts";

type Handle = (stream: PeerStream) => Promise<void>;

/** The addon's own objects, which it declares as `any`. */
interface NativeConnection {
  outboundStream(): Promise<NativeStream>;
  inboundStream(): Promise<NativeStream>;
  abort(): void;
}

type NativeStream = ConstructorParameters<typeof QuicStream>[0]["stream"];

/**
 * One real QUIC connection on 127.0.0.1, and the mesh's streams on it. Without libp2p nodes around
 * it: each stream that they open leaves timers behind, and no leak check could find ours among them.
 */
export class QuicPair implements AsyncDisposable {
  readonly #near: NativeConnection;
  readonly #far: NativeConnection;
  readonly #stop: () => Promise<void>;
  readonly #handling = new Set<Promise<void>>();
  /** Streams whose handler has returned. */
  handled = 0;

  static async connect(): Promise<QuicPair> {
    const privateKeyProto = privateKeyToProtobuf(await generateKeyPair("Ed25519"));
    const config = new QuinnConfig({ ...defaultOptions, privateKeyProto });
    const server = new Server(config, "127.0.0.1", 0);
    const client = new Client(config, 0);
    const [near, far] = await Promise.all([
      client.outboundConnection("127.0.0.1", server.port()),
      server.inboundConnection(),
    ]);
    return new QuicPair(near, far, async () => {
      near.abort();
      await server.abort();
      client.abort();
    });
  }

  private constructor(near: NativeConnection, far: NativeConnection, stop: () => Promise<void>) {
    this.#near = near;
    this.#far = far;
    this.#stop = stop;
  }

  /** A stream from the near end. It arrives at the far end with its first byte. */
  async open(): Promise<PeerStream> {
    return meshStream(await this.#near.outboundStream(), "outbound");
  }

  /** The next stream that arrives at the far end. */
  async accept(): Promise<PeerStream> {
    return meshStream(await this.#far.inboundStream(), "inbound");
  }

  /** One stream, both ends: the byte that made it arrive has been read. */
  async stream(): Promise<{ near: PeerStream; far: PeerStream }> {
    const near = await this.open();
    await near.write(new Uint8Array(1));
    const far = await this.accept();
    await far.read();
    return { near, far };
  }

  /** Hands every stream that arrives at the far end to `handle`, until the connection is gone. */
  serve(handle: Handle): void {
    const acceptAll = async () => {
      for (;;) this.#take(handle(await this.accept()));
    };
    acceptAll().catch(() => undefined);
  }

  /** Resolves when no handler is at work. */
  async idle(): Promise<void> {
    await Promise.all(this.#handling);
  }

  /** Ends the connection, as a node that stops does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.idle();
  }

  #take(handler: Promise<void>): void {
    // The near end sees a handler's failure, and it is the tests' subject there.
    const handling = handler.catch(() => undefined).finally(() => {
      this.#handling.delete(handling);
      this.handled++;
    });
    this.#handling.add(handling);
  }
}

function meshStream(stream: NativeStream, direction: Stream["direction"]): PeerStream {
  const stock: unknown = new QuicStream({ id: stream.id(), stream, direction, log: SILENT });
  // libp2p's packages each bring their own copy of a type, and so do not know each other's streams.
  return new Libp2pStream(stock as Stream);
}

const SILENT: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => SILENT,
});
