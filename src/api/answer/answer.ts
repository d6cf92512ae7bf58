import type { AskedHosts } from "../routing/asked_hosts.ts";
import { LOAD_HEADER, type LoadReport, parseLoad } from "../routing/balance.ts";
import { BodyReader } from "../../base/body_reader.ts";
import { DOUBT_MS } from "../base/defaults.ts";
import { followAbort } from "../../base/follow_abort.ts";
import { aliasOf } from "../../base/model_name.ts";
import { ReaderPace } from "../../base/reader_pace.ts";
import { renameModel } from "../events/rename_model.ts";
import type { Suspects } from "./suspects.ts";
import type { ForwardRequest, GatewayInstance, GatewayNode } from "../base/types.ts";

/** The status by which an instance says that it has as much to do as it takes. */
export const FULL = 429;

/** Made once: each new error looks up where it was made. */
const ENDED = new Error("The answer has ended");

/** The parts that are needed to ask an instance. */
export interface Asking {
  readonly node: GatewayNode;
  readonly hosts: AskedHosts;
  readonly suspects: Suspects;
}

/**
 * One instance's answer to one request, from asking until it has ended or is given up; who opens it ends it.
 * While it is waited for and nothing comes of its host, the node is told to doubt that the host lives.
 */
export class Answer implements Disposable {
  readonly instance: GatewayInstance;
  /** The load that the instance reported with its answer. */
  load: LoadReport | null = null;
  readonly #asking: Asking;
  readonly #over = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #response: Response | undefined;
  #body: BodyReader | undefined;
  readonly #pace = new ReaderPace();
  #waits = false;
  #ended = false;

  private constructor(asking: Asking, instance: GatewayInstance) {
    this.#asking = asking;
    this.instance = instance;
    this.#timer = setInterval(() => this.#check(), DOUBT_MS / 2);
    asking.hosts.started(instance);
  }

  /**
   * Resolves when the head of the answer has come.
   * @throws {InstanceUnavailableError} where another instance may be asked, or the signal's reason.
   */
  static async open(
    asking: Asking,
    instance: GatewayInstance,
    request: ForwardRequest,
  ): Promise<Answer> {
    const answer = new Answer(asking, instance);
    try {
      await answer.#ask(request);
      return answer;
    } catch (error) {
      answer.end();
      throw error;
    }
  }

  get response(): Response {
    return this.#response!;
  }

  /** The next bytes of the body; `null` at its end. @throws where it breaks off. */
  async read(): Promise<Uint8Array | null> {
    if (this.#body === undefined) return null;
    const bytes = await this.#waiting(this.#body.read()).catch((error: unknown) => {
      throw this.#asking.node.explain?.(this.instance, error) ?? error;
    });
    if (bytes === null) this.end();
    return bytes;
  }

  /** Frees the instance where it still works. Safe to call twice. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#asking.hosts.ended(this.instance);
    this.#over.abort(ENDED);
    // The rest of the body is not wanted.
    this.#body?.cancel();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async #ask(request: ForwardRequest): Promise<void> {
    const { signal } = this.#over;
    followAbort(request.signal, this.#over);
    const asked = this.#asking.node.forward(this.instance, {
      ...request,
      signal,
      lost: (reason) => this.#lose(reason),
      heldMs: () => this.#pace.heldMs,
    });
    const response = await this.#waiting(asked);
    this.load = parseLoad(response.headers.get(LOAD_HEADER));
    if (this.load !== null) this.#asking.hosts.said(this.instance, this.load);
    this.#response = renameModel(response, aliasOf(this.instance.model), request.asked);
    const { body } = this.#response;
    if (body !== null) this.#body = new BodyReader(body);
  }

  /** The next read fails; until then the instance has no more to do with it. */
  #lose(reason: Error): void {
    this.#body?.fail(reason);
    this.end();
  }

  async #waiting<T>(work: Promise<T>): Promise<T> {
    this.#waits = true;
    this.#pace.took();
    try {
      const result = await work;
      this.#asking.hosts.heard(this.instance);
      return result;
    } finally {
      this.#waits = false;
      this.#pace.handed();
    }
  }

  #check(): void {
    const { node, hosts } = this.#asking;
    if (this.#waits && hosts.isDoubtful(this.instance)) node.doubt(this.instance);
  }
}
