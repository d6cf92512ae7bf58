import type { Logger } from "@logtape/logtape";
import {
  type Commands,
  type EngineLog,
  type Finding,
  InviteRefusedError,
  type InviteStatus,
  type LoadOptions,
  type MachineRemoval,
  type ManagementNode,
  type ModelActions,
  type NodeCounters,
  type NodeEvent,
  type PairingActions,
  type PeerCheck,
  type RelayActions,
  type RequestRecord,
  type SettingsActions,
  type Status,
} from "../../api/mod.ts";
import {
  type InviteOptions,
  type MachineRemoval as MeshRemoval,
  type Mesh,
  type ModelRef,
  UnknownInviteError,
  UnknownMachineError,
} from "../../mesh/mod.ts";
import type { TunnelCounts } from "../../tunnel/mod.ts";
import { Gateway } from "../ends/gateway.ts";
import { pairingActions } from "./pairing.ts";
import type { NodePart } from "./part.ts";
import { HTTP_PROTOCOL, opener } from "../ends/protocols.ts";
import { checkPeers } from "./peer_check.ts";
import { idsOf } from "../plan/table_ids.ts";
import { modelKey } from "../plan/view.ts";
import { type OwnWork, statusOf } from "./node_status.ts";
import { relayActions } from "./relay_actions.ts";
import { StatusPublisher } from "./status_publisher.ts";
import { InstanceRates } from "./instance_rates.ts";
import { TokenRate } from "./token_rate.ts";

export interface NodeApiOptions {
  readonly mesh: Mesh;
  readonly counts: TunnelCounts;
  readonly part: NodePart;
  readonly modelActions: ModelActions;
  readonly modelSettings: SettingsActions;
  /** Of the settings of a model of this disk; absent for a client. */
  readonly settingsRevision?: (model: ModelRef) => number;
  readonly engineLogs: () => Promise<EngineLog[]>;
  readonly commands: Commands;
  /** The invite that stays the same until it is revoked, with the addresses of the start. */
  readonly token: string | null;
  /** Problems that the user should know. */
  readonly findings: () => readonly Finding[];
  /** Called where a user asks for the node's end. */
  readonly end: () => void;
  readonly logger: Logger;
}

/** Changes of the mesh after which a token names other places. */
const NAMED_IN_TOKENS: ReadonlySet<string> = new Set(["peer", "routes", "portMapping", "relays"]);

/** The node as the HTTP API sees it. */
export class NodeApi extends Gateway implements ManagementNode {
  readonly pairing: PairingActions;
  readonly #options: NodeApiOptions;
  readonly #publisher: StatusPublisher;
  readonly #rate: TokenRate;
  readonly #relays: RelayActions;
  readonly #instanceRates = new InstanceRates();
  /** Percent of each model that is loading. */
  readonly #toldProgress = new Map<string, number>();
  #token: string | null;

  constructor(options: NodeApiOptions) {
    const { mesh, counts, part } = options;
    const rate = new TokenRate();
    super({
      mesh,
      openHttp: counts.counting(opener(mesh, HTTP_PROTOCOL, { optimistic: true }), "http"),
      askLocal: (model, request) => part.askLocal(model, request),
      hasRetired: (model) => part.hasRetired(model),
      ownModel: () => part.ownModel,
      onDisk: () => part.onDisk,
      record: (request) => this.#record(request),
    });
    this.#options = options;
    this.pairing = pairingActions(mesh.pairing);
    this.#token = options.token;
    this.#rate = rate;
    this.#relays = relayActions(mesh);
    this.#publisher = new StatusPublisher({
      status: () => this.status(),
      now: Date.now,
      onFailure: (error) =>
        options.logger.error("A change of the node could not be reported: {error}", { error }),
    });
    mesh.subscribe(({ type }) => {
      if (NAMED_IN_TOKENS.has(type)) void this.#renewToken();
      if (type === "pairing") this.send({ type: "pairing", pairing: this.pairing.view() });
    });
  }

  get modelActions(): ModelActions {
    return this.#options.modelActions;
  }

  get modelSettings(): SettingsActions {
    return this.#options.modelSettings;
  }

  get relays(): RelayActions {
    return this.#relays;
  }

  status(): Status {
    const { mesh, counts, commands, settingsRevision } = this.#options;
    const part = this.#options.part;
    const tokensPerSecond = this.#rate.perSecond(Date.now());
    return statusOf({
      commands,
      node: {
        ...part.status(),
        id: mesh.self,
        passive: mesh.passive,
        addresses: [...mesh.addresses()],
        tokensPerSecond,
        clientsConnected: mesh.clientsConnected(),
        answering: this.answering + part.answering,
      },
      meshId: mesh.meshId,
      token: this.#token,
      routes: mesh.routes(),
      rttMs: (peer) => mesh.measuredRttMs(peer),
      wayTo: mesh.reachedBy(),
      streamWay: (peer) => mesh.streamWay(peer),
      tunnels: counts.snapshot(),
      onDisk: part.onDisk,
      works: part.works,
      measuredRate: (instance) => this.#instanceRates.perSecond(instance),
      ...(settingsRevision === undefined ? {} : { settingsRevision }),
      findings: this.#options.findings(),
      lan: mesh.lan(),
      portMapping: mesh.portMapping(),
      relays: mesh.relays(),
    });
  }

  counters(): NodeCounters {
    const { part, mesh } = this.#options;
    return { engineRestarts: part.engineRestarts, refusals: mesh.counters() };
  }

  subscribe(listener: (event: NodeEvent) => void): () => void {
    return this.#publisher.subscribe(listener);
  }

  requestLoad(model: string, options: LoadOptions): Promise<boolean> {
    return this.#options.part.requestLoad(model, options);
  }

  freshen(): Promise<void> {
    return this.#options.part.freshen();
  }

  watch(): () => void {
    const ends = [this.#publisher.watch(), this.#options.part.watch()];
    return () => ends.forEach((end) => end());
  }

  checkPeers(): Promise<PeerCheck[]> {
    return checkPeers(this.#options.mesh);
  }

  engineLogs(): Promise<EngineLog[]> {
    return this.#options.engineLogs();
  }

  invite(options: InviteOptions): Promise<string> {
    return this.#options.mesh.invite(options);
  }

  tokens(): InviteStatus[] {
    return this.#options.mesh.invites().map((invite) => ({
      ...invite,
      usedBy: [...invite.usedBy],
    }));
  }

  /** Also the invite that this node shows may be the one. */
  async revoke(id: string): Promise<void> {
    const { mesh } = this.#options;
    await mesh.revoke(id).catch(refuseRevocation);
    await this.#renewToken();
  }

  async removalOf(machine: string): Promise<MachineRemoval> {
    const told = await this.#options.mesh.removalOf(machine).catch(refuseRevocation);
    return removalToShow(told);
  }

  async remove(machine: string): Promise<MachineRemoval> {
    const done = await this.#options.mesh.remove(machine).catch(refuseRevocation);
    await this.#renewToken();
    return removalToShow(done);
  }

  end(): void {
    this.#options.end();
  }

  serve(model: string): Promise<void> {
    return this.#options.part.serve(model);
  }

  drop(model: string): Promise<void> {
    return this.#options.part.drop(model);
  }

  /** Something that status shows may have changed. */
  changed(): void {
    this.routesChanged();
    this.#publisher.changed();
    const { works } = this.#options.part;
    const loading = works.filter(({ isLoading }) => isLoading);
    const keys = new Set(loading.map(({ model }) => modelKey(model)));
    for (const key of this.#toldProgress.keys()) {
      if (!keys.has(key)) this.#toldProgress.delete(key);
    }
    for (const work of loading) this.#tellProgress(work);
  }

  send(event: NodeEvent): void {
    this.#publisher.send(event);
  }

  stop(): void {
    this.#publisher.stop();
  }

  /** A token names machines that live, so that it works without the one that made it. */
  async #renewToken(): Promise<void> {
    // A node whose own membership has just ended can't invite any more.
    this.#token = await this.#options.mesh.defaultInvite().catch(() => null);
    this.changed();
  }

  /** Tells of each percent once, to consoles and the terminal. */
  #tellProgress({ model: ref, progress: fraction }: OwnWork): void {
    const percent = Math.floor(fraction * 100);
    const key = modelKey(ref);
    if (percent === 0 || percent === this.#toldProgress.get(key)) return;
    this.#toldProgress.set(key, percent);
    const { mesh, part } = this.#options;
    const model = idsOf(mesh.routes(), part.onDisk).idOf(ref);
    const progress = { task: "load", model, fraction } as const;
    this.#publisher.send({ type: "progress", ...progress });
    this.#options.logger.info("Loading {model}", { event: "progress", ...progress });
  }

  #record(request: RequestRecord): void {
    if (request.tokensOut !== null) this.#rate.add(request.tokensOut, Date.now());
    this.#instanceRates.add(request, this.#options.mesh.routes().instances);
    this.#publisher.send({ type: "request", request });
    this.#publisher.changed();
  }
}

function removalToShow({ machine, stays, lost }: MeshRemoval): MachineRemoval {
  return { machine, stays: [...stays], lost: [...lost] };
}

function refuseRevocation(error: Error): never {
  const isUnknown = error instanceof UnknownInviteError || error instanceof UnknownMachineError;
  const why = isUnknown ? "unknown" : "not-allowed";
  throw new InviteRefusedError(why, error.message, { cause: error });
}
