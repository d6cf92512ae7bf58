import type {
  ForwardRequest,
  GatewayInstance,
  GatewayNode,
  LoadOptions,
  Meaning,
  Obstacle,
  RequestRecord,
  UnservedModel,
} from "../../api/mod.ts";
import { InstanceUnavailableError } from "../../api/mod.ts";
import {
  type Mesh,
  type ModelRef,
  NotAgreedError,
  type PeerId,
  type RouteInstance,
  type RoutingTable,
} from "../../mesh/mod.ts";
import {
  CrashedError,
  forwardHttp,
  MovedError,
  type OpenStream,
  TunnelError,
  UnreachableError,
} from "../../tunnel/mod.ts";
import type { ModelContent } from "../../base/model_ids.ts";
import { KnownModels } from "./known_models.ts";
import { Reachability } from "./reachability.ts";
import { TableFollower } from "./table_follower.ts";
import { WarmNews } from "./warm_news.ts";

export interface GatewayParts {
  readonly mesh: Mesh;
  readonly openHttp: OpenStream;
  /** Asks this node's own llama-server; `null` while it does not answer for this model. */
  readonly askLocal: (model: ModelRef, request: ForwardRequest) => Promise<Response> | null;
  /** The model that this node serves or takes part in. */
  readonly ownModel: () => ModelRef | null;
  /** The models on this node's disk. @default {() => []} */
  readonly onDisk?: () => readonly ModelContent[];
  /** This node has ended the model's llama-server because it serves something else now. @default {() => false} */
  readonly hasRetired?: (model: ModelRef) => boolean;
  readonly record: (request: RequestRecord) => void;
  /** @default {Date.now} */
  readonly now?: () => number;
}

/** The OpenAI gateway's view of this node, active or passive: instances are those of the routing table. */
export abstract class Gateway implements GatewayNode {
  readonly self: string;
  readonly #parts: GatewayParts;
  readonly #now: () => number;
  readonly #hosts = new Reachability();
  readonly #news: WarmNews;
  readonly #follower: TableFollower;
  /** By the table that named the hosts which are not forgotten. */
  #known: KnownModels | undefined;
  /** Somebody could be asked when it was tried last: what was not there before may be there now. */
  #isCurrent = true;
  #answering = 0;

  constructor(parts: GatewayParts) {
    this.self = parts.mesh.self;
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    const { mesh } = parts;
    this.#news = new WarmNews(() => mesh.routes());
    this.#follower = new TableFollower({
      mesh,
      asked: (isAnswered) => this.#isCurrent = isAnswered,
    });
  }

  get knowsMesh(): boolean {
    const { mesh } = this.#parts;
    const { nodes, partial } = mesh.routes();
    return this.#isCurrent && !partial && (!mesh.passive || nodes.length > 0);
  }

  get ownModel(): string | null {
    const own = this.#parts.ownModel();
    return own === null ? null : this.#models().ids.idOf(own);
  }

  meaning(asked: string): Meaning {
    return this.#models().meaning(asked);
  }

  abstract freshen(): Promise<void>;

  warm(): GatewayInstance[] {
    const models = this.#models();
    const { table, ids } = models;
    const warm = table.instances.filter((instance) => instance.state === "warm");
    const nowMs = this.#now();
    return withoutFailed(
      warm.map((one) => {
        const id = ids.idOf(one.model);
        return this.#entry(one, { id, aliases: models.aliasesOf(id) });
      }),
      (host) => this.#hosts.isAvoided(host, nowMs),
    );
  }

  onWarm(listener: () => void): () => void {
    const ends = [this.#news.subscribe(listener), this.#follower.follow()];
    return () => ends.forEach((end) => end());
  }

  /** The mesh may serve something else now. */
  protected routesChanged(): void {
    this.#news.check();
  }

  unserved(): readonly UnservedModel[] {
    return this.#models().unserved;
  }

  coming(): string[] {
    return [...this.#models().prospects.coming];
  }

  obstacles(): readonly Obstacle[] {
    return this.#models().prospects.obstacles;
  }

  abstract requestLoad(model: string, options: LoadOptions): Promise<boolean>;

  doubt({ host, local }: GatewayInstance): void {
    if (!local) this.#parts.mesh.suspect(host as PeerId, "nothing came of an answer for a while");
  }

  async refresh(signal: AbortSignal): Promise<void> {
    if (this.#follower.isCurrent) return;
    try {
      await this.#parts.mesh.refreshRoutes({ force: true, signal });
      this.#isCurrent = true;
    } catch (error) {
      if (!signal.aborted) this.#isCurrent = false;
      throw error;
    }
  }

  async forward(instance: GatewayInstance, request: ForwardRequest): Promise<Response> {
    try {
      return instance.local
        ? await this.#forwardLocal(instance, request)
        : await this.#forwardToPeer(instance, request);
    } catch (error) {
      const retired = this.#retirement(instance, error);
      if (retired !== null) throw retired;
      if (!(error instanceof TunnelError)) throw error;
      const wasAsked = !(error instanceof UnreachableError ||
        error.cause instanceof NotAgreedError);
      const isCrash = error instanceof CrashedError;
      throw new InstanceUnavailableError(error.message, { wasAsked, isCrash, cause: error });
    }
  }

  explain(instance: GatewayInstance, error: unknown): unknown {
    return this.#retirement(instance, error) ?? error;
  }

  /** Requests of this node's own callers that are answered now. */
  protected get answering(): number {
    return this.#answering;
  }

  begin(): void {
    this.#answering++;
  }

  record(request: RequestRecord): void {
    this.#answering--;
    this.#parts.record(request);
  }

  /** The error to report if the node that served the model has only switched to another model. */
  #retirement(
    { local, model: name, fingerprint }: GatewayInstance,
    error: unknown,
  ): InstanceUnavailableError | null {
    const isRetired = local
      ? this.#parts.hasRetired?.({ name, fingerprint }) ?? false
      : error instanceof MovedError;
    if (!isRetired) return null;
    const message = "Its node does not serve the model any more";
    return new InstanceUnavailableError(message, {
      wasAsked: false,
      isRetired: true,
      cause: error,
    });
  }

  /** A host that the mesh does not name any more is forgotten with the next request. */
  #models(): KnownModels {
    const { mesh, onDisk = () => NOTHING } = this.#parts;
    const [table, files] = [mesh.routes(), onDisk()];
    if (table === this.#known?.table && files === this.#known.onDisk) return this.#known;
    if (table !== this.#known?.table) this.#forgetOthers(table);
    return this.#known = new KnownModels(table, files, mesh.self);
  }

  #forgetOthers(table: RoutingTable): void {
    const here = new Set<string>(table.nodes.map(({ peer }) => peer));
    for (const { host } of table.instances) here.add(host);
    this.#hosts.forgetOthers((host) => here.has(host), this.#now());
  }

  #entry(
    { host, model, mode, sizeBytes, contextLength }: RouteInstance,
    names: Pick<GatewayInstance, "id" | "aliases">,
  ): GatewayInstance {
    const { name, fingerprint } = model;
    const local = host === this.self;
    return { host, ...names, model: name, fingerprint, local, mode, sizeBytes, contextLength };
  }

  async #forwardLocal(
    { model: name, fingerprint }: GatewayInstance,
    request: ForwardRequest,
  ): Promise<Response> {
    const answer = this.#parts.askLocal({ name, fingerprint }, request);
    if (answer === null) {
      const message = "This node no longer serves the model";
      throw new InstanceUnavailableError(message, { wasAsked: false });
    }
    return await answer;
  }

  async #forwardToPeer(instance: GatewayInstance, request: ForwardRequest): Promise<Response> {
    const { host, model: name, fingerprint } = instance;
    const startedMs = performance.now();
    const connected = () => {
      this.#hosts.opened(host, performance.now() - startedMs);
      request.connected?.();
    };
    const openMs = this.#hasOther(instance)
      ? this.#hosts.patienceMs(host, this.#parts.mesh.rttMs(host as PeerId))
      : undefined;
    try {
      return await forwardHttp(this.#parts.openHttp, host, {
        ...request,
        model: { name, fingerprint },
        connected,
        ...(openMs === undefined ? {} : { openMs }),
      });
    } catch (error) {
      // A request that failed is the fastest sign of a dead peer; one probe decides. A peer that reports a crash lives.
      if (error instanceof TunnelError && !(error instanceof CrashedError)) {
        if (error instanceof UnreachableError) this.#hosts.failedToOpen(host, this.#now());
        else this.#hosts.broke(host, this.#now());
        this.#parts.mesh.suspect(host as PeerId, error.message);
      }
      throw error;
    }
  }

  /** Whether another instance can be asked instead. */
  #hasOther({ host, id }: GatewayInstance): boolean {
    return this.warm().some((other) => other.id === id && other.host !== host);
  }
}

/**
 * Leaves out who could not be reached a moment ago, where another instance of the model is left:
 * nobody should wait for a dead host again and again. Pure.
 */
export function withoutFailed(
  instances: readonly GatewayInstance[],
  isAvoided: (host: string) => boolean,
): GatewayInstance[] {
  return instances.filter((instance) =>
    !isAvoided(instance.host) ||
    !instances.some((other) => other.id === instance.id && !isAvoided(other.host))
  );
}

const NOTHING: readonly ModelContent[] = [];
