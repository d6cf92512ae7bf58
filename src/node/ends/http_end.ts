import type { Logger } from "@logtape/logtape";
import { type KeepAlive, readKeepAlive } from "../../base/keep_alive.ts";
import { readWantedContext, ROOM_PARAM } from "../../base/wanted_context.ts";
import type { AdmittedPeer, ByteStream, Mesh, ModelRef } from "../../mesh/mod.ts";
import {
  CrashedError,
  handleHttp,
  type InferenceRequest,
  type TunnelCounts,
  TunnelError,
} from "../../tunnel/mod.ts";
import { countRequest, countUntilAborted, type Demand } from "../plan/demand.ts";
import { MAX_HTTP_STREAMS, STALLED_READER_MS } from "../plan/defaults.ts";
import type { LocalServer } from "../serving/job.ts";
import type { LargerContext } from "../serving/larger_context.ts";
import { KeyGrants } from "./grant_gate.ts";
import { withoutLoss } from "./lost_answer.ts";
import { PeerRequests } from "./peer_requests.ts";
import { HTTP_PROTOCOL } from "./protocols.ts";
import { RequestQueues } from "./request_queues.ts";

export interface HttpEndOptions {
  readonly mesh: Mesh;
  readonly counts: TunnelCounts;
  readonly logger: Logger;
  readonly demand: Demand;
  /** This node's llama-server while it serves the model. */
  readonly find: (model: ModelRef) => LocalServer | null;
  /** It has ended the model's llama-server because it serves something else now. */
  readonly isRetired: (model: ModelRef) => boolean;
  /** Told of each request, since it may say how long its model stays loaded. */
  readonly idle: IdleTold;
  /** Has a model loaded anew for a request that counts on a larger context. @default none is */
  readonly larger?: Pick<LargerContext, "make"> | undefined;
}

interface IdleTold {
  asked(model: ModelRef, keepAlive: KeepAlive | undefined): void;
  answered(model: ModelRef): void;
}

const STALLED =
  `Nobody has read on in an answer of {model} for ${STALLED_READER_MS / 1_000} s while ` +
  "others waited for its place: it ends";

/** The way of others' requests to this node's llama-servers, and the queues before them, which its own share. */
export class HttpEnd {
  readonly #demand: Demand;
  readonly #find: HttpEndOptions["find"];
  readonly #idle: IdleTold;
  readonly #larger: HttpEndOptions["larger"];
  readonly #queues: RequestQueues;
  readonly #requests = new PeerRequests();
  #answering = 0;

  constructor({ mesh, counts, logger, demand, find, isRetired, idle, larger }: HttpEndOptions) {
    this.#demand = demand;
    this.#find = find;
    this.#idle = idle;
    this.#larger = larger;
    this.#queues = new RequestQueues({
      stalled: ({ label: model }) => logger.warn(STALLED, { event: "stalled", model }),
    });
    const grants = new KeyGrants(Date.now);
    // Of clients nothing is kept: thousands come by.
    const counted = (stream: ByteStream, { id, role }: AdmittedPeer) =>
      role === "client" ? stream : counts.count(stream, id, "http");
    mesh.handle(
      HTTP_PROTOCOL,
      { maxStreams: MAX_HTTP_STREAMS },
      async (stream, peer) => {
        let asked: ModelRef | undefined;
        this.#answering++;
        await countRequest(demand, (counting) =>
          handleHttp(counted(stream, peer), peer.id, {
            find: (model) => counting(asked = model, find(model)),
            grants,
            isRetired,
            ask: async (target, request) => {
              const checked = await this.#requests.check(request);
              if (checked instanceof Response) return checked;
              if (asked !== undefined) idle.asked(asked, readKeepAlive(request.headers));
              const refusal = asked && await this.#makeRoom(asked, request.headers);
              return refusal ?? await this.ask(target, checked, peer.id);
            },
            logger,
          })).finally(() => this.#answering--);
        if (asked !== undefined) idle.answered(asked);
      },
    );
  }

  /** Requests of other nodes that are answered now. */
  get answering(): number {
    return this.#answering;
  }

  /**
   * A request of this node's own gateway; its signal aborts at its end. `null` while the model does not answer here: it
   * was chosen a moment ago, and another one may be served by now. @throws as `ask` does.
   */
  askOwn(model: ModelRef, request: InferenceRequest): Promise<Response> | null {
    const server = this.#find(model);
    if (server === null) return null;
    const { headers, signal } = request;
    countUntilAborted(this.#demand, model.name, signal);
    this.#idle.asked(model, readKeepAlive(headers));
    signal.addEventListener("abort", () => this.#idle.answered(model), { once: true });
    return this.#makeRoom(model, headers).then((refusal) => refusal ?? this.ask(server, request));
  }

  /**
   * The answer to a request that counts on more room than the model can have here.
   * @throws while it is loaded anew for that
   */
  async #makeRoom(model: ModelRef, headers: Headers): Promise<Response | null> {
    const tokens = readWantedContext(headers);
    const why = tokens === undefined ? null : await this.#larger?.make(model, tokens) ?? null;
    if (why === null) return null;
    const error = { message: why, type: "invalid_request_error", param: ROOM_PARAM };
    return Response.json({ error: { ...error, code: null } }, { status: 400 });
  }

  /** The server is asked no more. As {@linkcode RequestQueue.drain}. */
  drain(server: LocalServer): ((signal: AbortSignal) => Promise<void>) | null {
    return this.#queues.drain(server);
  }

  /**
   * @param peer the node that sends it; `null` for a caller of this node's own.
   * @throws {CrashedError} where llama-server crashed, {TunnelError} where it gave no answer or lost its GPU, or the signal's reason.
   */
  async ask(
    server: LocalServer,
    request: InferenceRequest,
    peer: string | null = null,
  ): Promise<Response> {
    try {
      const response = await this.#queues.ask(server, request, peer);
      return server.hasLostDevice === undefined
        ? response
        : await withoutLoss(response, server.hasLostDevice);
    } catch (error) {
      // A caller that has gone, which is a TunnelError too, breaks no connection of llama-server.
      request.signal.throwIfAborted();
      if (!(error instanceof TunnelError) || !await server.crashed?.()) throw error;
      throw new CrashedError("llama-server crashed while it had the request", { cause: error });
    }
  }
}
