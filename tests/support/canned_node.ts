/** The real API and console of a node whose state and answers a test makes up. */

import { API_DEFAULTS } from "../../src/api/config.ts";
import { getLogger } from "@logtape/logtape";
import {
  type ApiServers,
  type CatalogEntry,
  type DownloadStatus,
  type EngineLog,
  type ForwardRequest,
  fullKey,
  type GatewayInstance,
  type GatewayNode,
  InviteRefusedError,
  type InviteStatus,
  type MachineRemoval,
  type ManagementNode,
  type Meaning,
  meaningOf,
  type ModelActions,
  type NodeEvent,
  type PairingActions,
  type PairingView,
  type PeerCheck,
  type RelayActions,
  type RequestRecord,
  serveApi,
  type SettingsActions,
  type Status,
} from "../../src/api/mod.ts";
import { Aliases } from "../../src/base/model_aliases.ts";
import { ModelIds } from "../../src/base/model_ids.ts";
import { NO_SETTINGS } from "../../src/node/models/settings_manager.ts";

/** A chat request, and the pen that writes its answer as llama-server would. */
export interface CannedChat {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** Resolves when the page has hung up. */
  readonly cancelled: Promise<void>;
  delta(delta: { content?: string | null; reasoning_content?: string }): void;
  /** Sends the reason, the count and the end. */
  finish(tokens: number): void;
  /** Ends the stream without an end of the answer. */
  cut(): void;
}

const encoder = new TextEncoder();

function dataLine(data: unknown): Uint8Array {
  return encoder.encode(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
}

/** The first status of a download. */
const BEGUN: DownloadStatus = {
  state: "running",
  receivedBytes: 0,
  totalBytes: 5e9,
  bytesPerSecond: 0,
  secondsLeft: null,
  error: null,
};

export interface CannedNodeOptions {
  readonly apiKey?: string;
  readonly adminKey?: string;
  readonly catalog?: readonly CatalogEntry[];
  /** Address of its API. @default {loopback} */
  readonly listen?: string;
}

export class CannedNode implements GatewayNode, ManagementNode, AsyncDisposable {
  #status: Status;
  readonly #apiKey: string | null;
  readonly #adminKey: string | null;
  readonly #listen: string;
  /** The next answer for the page of models. */
  catalog: readonly CatalogEntry[];
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  #servers: ApiServers | null = null;
  /** Answers the next chat requests. */
  onChat: (chat: CannedChat) => void = (chat) => chat.finish(0);
  /** Answers the next invites. */
  onInvite: ManagementNode["invite"] = ({ role }) => Promise.resolve(`${role}-token`);

  counters() {
    return { engineRestarts: new Map(), refusals: {} };
  }

  constructor(status: Status, { apiKey, adminKey, catalog = [], listen }: CannedNodeOptions = {}) {
    this.#listen = listen ?? API_DEFAULTS.listen;
    this.#status = status;
    this.catalog = catalog;
    this.#apiKey = apiKey ?? null;
    this.#adminKey = adminKey ?? null;
  }

  static async start(status: Status, options?: CannedNodeOptions): Promise<CannedNode> {
    const node = new CannedNode(status, options);
    await node.listen(0);
    return node;
  }

  get url(): string {
    return this.#servers?.consoleUrl ?? "";
  }

  /** An address that signs in once. */
  signInUrl(): string {
    return this.#servers?.signInUrl() ?? "";
  }

  async listen(consolePort: number): Promise<void> {
    this.#servers = await serveApi(this, {
      config: {
        ...API_DEFAULTS,
        listen: this.#listen,
        port: 0,
        consolePort,
        adminKey: this.#adminKey,
      },
      names: [],
      keys: this.#apiKey === null ? [] : [fullKey("test", this.#apiKey)],
      adminKey: this.#adminKey,
      logger: getLogger("test"),
    });
  }

  /** Stops answering. */
  async stop(): Promise<void> {
    await this.#servers?.stop();
    this.#listeners.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  setStatus(status: Status): void {
    this.#status = status;
    this.emit({ type: "status", status });
  }

  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  get self(): string {
    return this.#status.node.id;
  }

  get ownModel(): string | null {
    return this.#status.node.model;
  }

  status(): Status {
    return this.#status;
  }

  subscribe(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  invite(options: Parameters<ManagementNode["invite"]>[0]): Promise<string> {
    return this.onInvite(options);
  }

  /** Its invites, as the page is told when it asks next. */
  invites: InviteStatus[] = [];

  tokens(): InviteStatus[] {
    return this.invites;
  }

  /** Answers when a machine is to be removed. */
  onRemoval: (machine: string) => Promise<MachineRemoval> = (id) =>
    Promise.resolve({ machine: { id, name: id }, stays: [], lost: [] });
  readonly removed: string[] = [];

  removalOf(machine: string): Promise<MachineRemoval> {
    return this.onRemoval(machine);
  }

  remove(machine: string): Promise<MachineRemoval> {
    this.removed.push(machine);
    return this.onRemoval(machine);
  }

  revoke(id: string): Promise<void> {
    this.invites = this.invites.map((invite) =>
      invite.id === id ? { ...invite, state: "revoked" } : invite
    );
    return Promise.resolve();
  }

  /** The hosts that are named as having continued the next answers. */
  continuedBy: string[] = [];

  /** The page's actions on models, such as `serve guide`. */
  readonly done: string[] = [];

  unserved() {
    return [];
  }

  onWarm(): () => void {
    return () => {};
  }

  requestLoad(): Promise<boolean> {
    return Promise.resolve(false);
  }

  readonly modelActions: ModelActions = {
    catalog: () => [...this.catalog],
    download: async (name) => {
      await this.#do("download", name);
      return { name, download: BEGUN };
    },
    downloadStatus: () => null,
    pauseDownload: (name) => this.#do("pause", name),
    cancelDownload: (name) => this.#do("cancel", name),
    refresh: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };

  /** Those of a client, unless a test brings others. */
  modelSettings: SettingsActions = NO_SETTINGS;

  /** Nobody asks, unless a test brings somebody. */
  relays: RelayActions = {
    list: () => [{
      id: "12D3KooWRelay",
      name: "vps",
      addresses: ["/ip4/203.0.113.7/udp/47001/quic-v1"],
      connected: true,
    }],
    add: (claim) =>
      claim === "relay1_used"
        ? Promise.reject(new Error("The relay refuses: this claim was used already"))
        : Promise.resolve({ id: "12D3KooWRelay", name: null, addresses: [], connected: false }),
    remove: (id) =>
      id === "12D3KooWRelay"
        ? Promise.resolve()
        : Promise.reject(new InviteRefusedError("unknown", `No relay ${id} is known here`)),
  };
  pairing: PairingActions = {
    view: () => ({ state: "on", mayAccept: true, requests: [], own: null }),
    accept: ({ name = "mini", role }) => Promise.resolve({ name, role }),
    refuse: () => Promise.resolve(),
    ask: () => Promise.resolve(),
    cancel: () => Promise.resolve(),
  };

  setPairing(view: PairingView): void {
    this.pairing = { ...this.pairing, view: () => view };
    this.emit({ type: "pairing", pairing: view });
  }

  serve(name: string): Promise<void> {
    return this.#do("serve", name);
  }

  end(): void {}

  drop(name: string): Promise<void> {
    return this.#do("drop", name);
  }

  #do(action: string, name: string): Promise<void> {
    this.done.push(`${action} ${name}`);
    return Promise.resolve();
  }

  warm(): readonly GatewayInstance[] {
    return this.#status.models.flatMap(({ id, name, fingerprint, instances }) =>
      instances.filter(({ state }) => state === "warm").map(({ host }) => ({
        host,
        id,
        model: name,
        fingerprint: fingerprint ?? name,
        local: host === this.self,
        mode: "solo",
        sizeBytes: 7,
        contextLength: 4_096,
      }))
    );
  }

  checkPeers(): Promise<PeerCheck[]> {
    return Promise.resolve([]);
  }

  engineLogs(): Promise<EngineLog[]> {
    return Promise.resolve([{ name: "llama-server", text: "main: model loaded\n" }]);
  }

  freshen(): Promise<void> {
    return Promise.resolve();
  }

  watch(): () => void {
    return () => {};
  }

  get knowsMesh(): boolean {
    return true;
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  obstacles() {
    return [];
  }

  meaning(asked: string): Meaning {
    return meaningOf(asked, {
      ids: new ModelIds(this.warm().map(({ model: name, fingerprint }) => ({ name, fingerprint }))),
      own: [],
      aliases: new Aliases([]),
      nearest: () => [this.warm().map(({ id }) => id)],
    });
  }

  coming(): readonly string[] {
    return [];
  }

  doubt(): void {}

  begin(): void {}

  record(request: RequestRecord): void {
    this.emit({ type: "request", request: { ...request, continuedBy: this.continuedBy } });
  }

  forward(_instance: GatewayInstance, request: ForwardRequest): Promise<Response> {
    const { model, messages } = JSON.parse(new TextDecoder().decode(request.body ?? undefined));
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    let pen!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (pen = controller),
      cancel: () => resolve(),
    });
    const delta: CannedChat["delta"] = (delta) =>
      pen.enqueue(dataLine({ choices: [{ index: 0, delta, finish_reason: null }] }));
    delta({ content: null });
    this.onChat({
      model,
      messages,
      cancelled,
      delta,
      finish(tokens) {
        pen.enqueue(dataLine({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
        pen.enqueue(dataLine({ choices: [], usage: { completion_tokens: tokens } }));
        pen.enqueue(dataLine("[DONE]"));
        pen.close();
      },
      cut: () => pen.close(),
    });
    return Promise.resolve(
      new Response(body, { headers: { "content-type": "text/event-stream" } }),
    );
  }
}
