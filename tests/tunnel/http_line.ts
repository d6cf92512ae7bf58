import { getLogger } from "@logtape/logtape";
import {
  type FindTarget,
  forwardHttp,
  type Grant,
  type GrantGate,
  handleHttp,
  TunnelCounts,
  type TunnelRequest,
} from "../../src/tunnel/mod.ts";
import { QuicPair } from "./quic_pair.ts";
import { pattern } from "./tcp_pair.ts";

export const HOST = "host-peer";
export const ASKER = "asking-peer";
export const MODEL = { name: "guide", fingerprint: "ab12" };

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: HeadersInit;
  readonly body?: Uint8Array | string | null;
  readonly signal?: AbortSignal;
  readonly grant?: Grant;
}

/** Lets everything pass. */
const NO_GATE: GrantGate = {
  admit: () => ({ refused: null, passed: () => {}, ended: () => {} }),
};

/** A node that asks and a host that answers, with real QUIC between them. */
export class HttpLine implements AsyncDisposable {
  readonly counts = new TunnelCounts();
  readonly quic: QuicPair;

  /** @param find the host's llama-server, in the tests of faults a server that plays one. */
  static async open(find: FindTarget, grants = NO_GATE): Promise<HttpLine> {
    return new HttpLine(await QuicPair.connect(), find, grants);
  }

  private constructor(quic: QuicPair, find: FindTarget, grants: GrantGate) {
    this.quic = quic;
    const logger = getLogger("test");
    quic.serve((stream) => {
      const counted = this.counts.count(stream, ASKER, "http");
      return handleHttp(counted, ASKER, { find, grants, logger });
    });
  }

  async ask(asked: Asked = {}): Promise<Response> {
    const open = this.counts.counting(() => this.quic.open(), "http");
    return await forwardHttp(open, HOST, requestOf(asked));
  }

  /** Streams open at both ends, once no handler is at work. */
  async openStreams(): Promise<number> {
    await this.quic.idle();
    return this.counts.snapshot().reduce((sum, { streams }) => sum + streams, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quic[Symbol.asyncDispose]();
  }
}

export function requestOf(
  {
    method = "POST",
    path = "/v1/chat/completions",
    headers = {},
    body = "{}",
    signal = new AbortController().signal,
    grant,
  }: Asked,
): TunnelRequest {
  return {
    requestId: "r-1",
    model: MODEL,
    method,
    path,
    headers: new Headers(headers),
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    signal,
    ...(grant === undefined ? {} : { grant }),
  };
}

/** A line whose host's llama-server is played by `handler`: for what a real one does not do on demand. */
export class PlayedLine implements AsyncDisposable {
  readonly #server: Deno.HttpServer;
  readonly line: HttpLine;

  static async open(handler: Deno.ServeHandler, grants?: GrantGate): Promise<PlayedLine> {
    const quiet = { onListen() {}, onError: () => new Response(null, { status: 500 }) };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, ...quiet }, handler);
    const baseUrl = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
    return new PlayedLine(
      server,
      await HttpLine.open(() => ({ baseUrl, apiKey: "llama-key" }), grants),
    );
  }

  private constructor(server: Deno.HttpServer, line: HttpLine) {
    this.#server = server;
    this.line = line;
  }

  async ask(asked: Asked = {}): Promise<Response> {
    return await this.line.ask(asked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.line[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}

/** A body that goes on until it is cancelled. */
export function endless(
  onCancel: () => void,
): { body: ReadableStream<Uint8Array>; sent: () => number } {
  let sent = 0;
  const chunk = pattern(65_536);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk);
    },
    cancel: onCancel,
  });
  return { body, sent: () => sent };
}
