/** The native addon of `@chainsafe/libp2p-quic` (napi-rs over quinn 0.11), as far as it is used here. */

/** Every error that the addon throws has the code "Unknown"; only the message tells them apart. */
export interface NativeStream {
  /** Throws while a write is pending. */
  id(): string;
  /**
   * At most `maxBytes`, in a buffer of their own; `null` at the end. Reads that are pending at the
   * same time come out of order, and after an error the next read claims a clean end.
   */
  read(maxBytes: number): Promise<Uint8Array | null>;
  /** Keeps the buffer until it resolves. Writes that are pending at the same time come out of order. */
  write(bytes: Uint8Array): Promise<void>;
  /** Waits behind a pending write, as `resetWrite` does. */
  finishWrite(): Promise<void>;
  resetWrite(): Promise<void>;
  /** Waits behind a pending read. */
  stopRead(): Promise<void>;
}

/** Closes itself when it is collected: code that needs it holds it. */
export interface NativeConnection {
  id(): string;
  /** With the PeerId that TLS has proven. */
  remoteMultiaddr(): string;
  /** A new stream is invisible to the peer until it is written to. Waits for a free slot for ever. */
  outboundStream(): Promise<NativeStream>;
  inboundStream(): Promise<NativeStream>;
  closed(): Promise<void>;
  /** The peer learns of it at once; data on its way is lost. */
  abort(): void;
}

export interface NativeServer {
  port(): number;
  /** Takes a handshake from the queue and resolves when it is over: minutes can lie between. */
  inboundConnection(): Promise<NativeConnection>;
  stats(): { readonly acceptedHandshakes: number };
  /** Ends all its connections and frees the port. */
  abort(): Promise<void>;
}

export interface NativeClient {
  outboundConnection(host: string, port: number): Promise<NativeConnection>;
  /** Ends all its connections and pending dials. */
  abort(): void;
}

export type NativeConfig = { readonly __brand: "NativeConfig" };

export interface NativeConfigInit {
  readonly privateKeyProto: Uint8Array;
  /** Asked for by the addon, and ignored: a dial ends with the idle timeout. */
  readonly handshakeTimeout: number;
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  readonly maxConcurrentStreamLimit: number;
  readonly maxStreamData: number;
  readonly maxConnectionData: number;
  /** Socket buffers reach the client's socket only; `receive_buffer.ts` is for the server's. */
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
}

export const IPV4 = 0;
export const IPV6 = 1;
export type SocketFamily = typeof IPV4 | typeof IPV6;

export interface QuicAddon {
  readonly QuinnConfig: new (init: NativeConfigInit) => NativeConfig;
  readonly Server: new (config: NativeConfig, host: string, port: number) => NativeServer;
  readonly Client: new (config: NativeConfig, family: SocketFamily) => NativeClient;
}
