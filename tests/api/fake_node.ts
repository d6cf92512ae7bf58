import {
  type EngineLog,
  type ForwardRequest,
  type GatewayInstance,
  type GatewayNode,
  InviteRefusedError,
  type InviteStatus,
  type LoadOptions,
  type MachineRemoval,
  type ManagementNode,
  type Meaning,
  meaningOf,
  type ModelActions,
  ModelRefusedError,
  type NodeEvent,
  type Obstacle,
  type PairingActions,
  PairingRefusedError,
  type PeerCheck,
  type RelayActions,
  type RequestRecord,
  type SettingsActions,
  type Status,
  type UnservedModel,
} from "../../src/api/mod.ts";
import type { ModelStatus } from "../../src/api/base/types.ts";
import { Aliases, type ModelAlias } from "../../src/base/model_aliases.ts";
import { type ModelContent, ModelIds } from "../../src/base/model_ids.ts";

export type Forward = (
  instance: GatewayInstance,
  request: ForwardRequest,
) => Response | Promise<Response>;

export interface FakeNodeOptions {
  readonly warm?: readonly GatewayInstance[];
  readonly ownModel?: string | null;
  readonly aliases?: readonly ModelAlias[];
  readonly knowsMesh?: boolean;
  /** The models that are warm after a refresh. */
  readonly refreshed?: readonly GatewayInstance[];
  readonly forward?: Forward;
  readonly coming?: readonly string[];
  readonly obstacles?: readonly Obstacle[];
  readonly unserved?: readonly UnservedModel[];
  /** Models on its disk. */
  readonly own?: readonly ModelContent[];
}

export const NO_MODEL_ACTIONS: ModelActions = {
  catalog: () => [],
  download: (name) => Promise.reject(new ModelRefusedError("unknown", `No model ${name}`)),
  downloadStatus: () => null,
  pauseDownload: () => Promise.resolve(),
  cancelDownload: () => Promise.resolve(),
  refresh: () => Promise.resolve(),
  remove: (name) => Promise.reject(new ModelRefusedError("unknown", `No model ${name}`)),
};

export const NO_SETTINGS_ACTIONS: SettingsActions = {
  changed: () => ({}),
  read: (name) => {
    throw new ModelRefusedError("unknown", `No model ${name}`);
  },
  change: (name) => Promise.reject(new ModelRefusedError("unknown", `No model ${name}`)),
  reset: (name) => Promise.reject(new ModelRefusedError("unknown", `No model ${name}`)),
};

/** As if nobody had asked. */
export const NO_PAIRING: PairingActions = {
  view: () => ({ state: "on", mayAccept: true, requests: [], own: null }),
  accept: () => Promise.reject(new PairingRefusedError("no-request", "No machine asks to join")),
  refuse: () => Promise.reject(new PairingRefusedError("no-request", "No machine asks to join")),
  ask: ({ mesh }) => Promise.reject(new PairingRefusedError("unknown-mesh", `No mesh ${mesh}`)),
  cancel: () => Promise.resolve(),
};

const NO_RELAYS: RelayActions = {
  list: () => [],
  add: () => Promise.reject(new Error("This claim was used already")),
  remove: (id) => Promise.reject(new InviteRefusedError("unknown", `No relay ${id} is known here`)),
};

/** A node that records what the API asks of it. */
export class FakeNode implements GatewayNode, ManagementNode {
  readonly self = "self";
  readonly knowsMesh: boolean;
  readonly ownModel: string | null;
  readonly records: RequestRecord[] = [];
  modelActions: ModelActions = NO_MODEL_ACTIONS;
  modelSettings: SettingsActions = NO_SETTINGS_ACTIONS;
  pairing: PairingActions = NO_PAIRING;
  relays: RelayActions = NO_RELAYS;
  readonly forwarded: { host: string; request: ForwardRequest }[] = [];
  readonly invites: unknown[] = [];
  readonly doubted: string[] = [];
  models: readonly ModelStatus[] = [];
  /** The actions on its models, such as `drop guide`. */
  readonly asked: string[] = [];
  modelError: Error | null = null;
  refreshes = 0;
  /** Requests that have come. */
  begun = 0;
  watchers = 0;
  inviteError: Error | null = null;
  peers = 0;
  #refreshed = Promise.withResolvers<void>();
  readonly #waiting = new Set<() => void>();
  #warm: readonly GatewayInstance[];
  readonly #options: FakeNodeOptions;
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly #recorded = Promise.withResolvers<RequestRecord>();

  constructor(options: FakeNodeOptions = {}) {
    this.#options = options;
    this.#warm = options.warm ?? [];
    this.ownModel = options.ownModel ?? null;
    this.knowsMesh = options.knowsMesh ?? true;
  }

  warm(): readonly GatewayInstance[] {
    const ids = this.#ids();
    return this.#warm.map((one) => ({ ...one, id: ids.idOf(contentOf(one)) }));
  }

  meaning(asked: string): Meaning {
    return meaningOf(asked, {
      ids: this.#ids(),
      own: this.#options.own ?? [],
      aliases: new Aliases([this.#options.aliases ?? []]),
      nearest: () => [
        this.warm().map(({ id }) => id),
        this.coming(),
        this.obstacles().map(({ model }) => model),
      ],
    });
  }

  #ids(): ModelIds {
    return new ModelIds([...this.#warm.map(contentOf), ...this.#options.own ?? []]);
  }

  unserved(): readonly UnservedModel[] {
    return this.#options.unserved ?? [];
  }

  checkPeers(): Promise<PeerCheck[]> {
    return Promise.resolve([]);
  }

  engineLogs(): Promise<EngineLog[]> {
    return Promise.resolve([{ name: "llama-server", text: "main: model loaded\n" }]);
  }

  /** Models that are loaded when they are asked for. */
  readonly onDisk: string[] = [];

  /** Called with each request for a load. */
  onLoad: (options: LoadOptions) => void = () => {};

  requestLoad(model: string, options: LoadOptions): Promise<boolean> {
    this.asked.push(`requestLoad ${model}`);
    this.onLoad(options);
    return Promise.resolve(this.onDisk.includes(model));
  }

  freshen(): Promise<void> {
    return Promise.resolve();
  }

  watch(): () => void {
    this.watchers++;
    return () => this.watchers--;
  }

  /** Resolves once it was refreshed so often. */
  async refreshed(times: number): Promise<void> {
    while (this.refreshes < times) await this.#refreshed.promise;
  }

  /** From now on these are warm. */
  becomeWarm(warm: readonly GatewayInstance[]): void {
    this.#warm = warm;
    for (const listener of [...this.#waiting]) listener();
  }

  onWarm(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  /** Requests that wait for it. */
  get waiting(): number {
    return this.#waiting.size;
  }

  refresh(): Promise<void> {
    this.refreshes++;
    this.#refreshed.resolve();
    this.#refreshed = Promise.withResolvers();
    this.#warm = this.#options.refreshed ?? this.#warm;
    return Promise.resolve();
  }

  obstacles(): readonly Obstacle[] {
    return this.#options.obstacles ?? [];
  }

  coming(): readonly string[] {
    return this.#options.coming ?? (this.ownModel === null ? [] : [this.ownModel]);
  }

  doubt({ host }: GatewayInstance): void {
    this.doubted.push(host);
  }

  async forward(instance: GatewayInstance, request: ForwardRequest): Promise<Response> {
    this.forwarded.push({ host: instance.host, request });
    return await (this.#options.forward ?? echo)(instance, request);
  }

  begin(): void {
    this.begun++;
  }

  record(request: RequestRecord): void {
    this.records.push(request);
    this.#recorded.resolve(request);
  }

  /** The first record. */
  recorded(): Promise<RequestRecord> {
    return this.#recorded.promise;
  }

  status(): Status {
    const peers = Array(this.peers).fill({});
    return { version: "0.1.0", peers, models: this.models } as unknown as Status;
  }

  counters() {
    return { engineRestarts: new Map([["guide", 3]]), refusals: { joins: 2 } };
  }

  subscribe(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  serve(model: string): Promise<void> {
    return this.#ask(`serve ${model}`);
  }

  /** How often it was asked to end. */
  ends = 0;

  end(): void {
    this.ends++;
  }

  drop(model: string): Promise<void> {
    return this.#ask(`drop ${model}`);
  }

  #ask(what: string): Promise<void> {
    this.asked.push(what);
    return this.modelError === null ? Promise.resolve() : Promise.reject(this.modelError);
  }

  tokens(): InviteStatus[] {
    return [{
      id: "00".repeat(8),
      role: "client",
      name: "laptop",
      mayInvite: false,
      expiresAt: null,
      state: "valid",
      createdAt: 1,
      usedBy: [],
    }];
  }

  revoke(id: string): Promise<void> {
    if (id === this.tokens()[0]?.id) return this.#ask(`revoke ${id}`);
    return Promise.reject(new InviteRefusedError("unknown", `No invite ${id}`));
  }

  removalOf(machine: string): Promise<MachineRemoval> {
    if (machine !== "mini") return Promise.reject(new InviteRefusedError("unknown", machine));
    const of = (name: string) => ({ id: `id of ${name}`, name });
    return Promise.resolve({ machine: of("mini"), stays: [of("tower")], lost: [] });
  }

  async remove(machine: string): Promise<MachineRemoval> {
    const removal = await this.removalOf(machine);
    this.asked.push(`remove ${machine}`);
    return removal;
  }

  invite(options: unknown): Promise<string> {
    this.invites.push(options);
    return this.inviteError === null
      ? Promise.resolve("a-token")
      : Promise.reject(this.inviteError);
  }
}

function contentOf({ model: name, fingerprint }: GatewayInstance): ModelContent {
  return { name, fingerprint };
}

export function instance(
  host: string,
  model = "guide",
  more: Partial<GatewayInstance> = {},
): GatewayInstance {
  return {
    host,
    id: model,
    model,
    fingerprint: "f",
    local: host === "self",
    mode: "solo",
    sizeBytes: 7,
    contextLength: 4_096,
    ...more,
  };
}

/** Answers with what it was asked. */
export function echo(_instance: GatewayInstance, request: ForwardRequest): Response {
  return new Response(request.body as BodyInit | null, {
    headers: { "content-type": "application/json" },
  });
}

/** A POST of JSON, as clients of OpenAI's API make it. */
export function asking(body: unknown, headers: HeadersInit = {}): RequestInit {
  return {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
}

/** A request that was answered. */
export function requestRecord(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: "r1",
    time: "2026-01-02T00:00:00.000Z",
    model: "guide",
    host: "a",
    path: "/v1/chat/completions",
    status: 200,
    queueMs: 0,
    connectMs: null,
    firstByteMs: 10,
    totalMs: 50,
    tokensIn: 24,
    tokensOut: 5,
    streamed: true,
    retries: 0,
    continuations: 0,
    continuedBy: [],
    ...more,
  };
}
