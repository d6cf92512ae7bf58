/** The management API's actions on models and their files: the catalog, and downloads. */

import type { Logger } from "@logtape/logtape";
import {
  type CatalogEntry,
  type DownloadStatus,
  type Fit,
  type ModelActions,
  ModelRefusedError,
  type NodeEvent,
} from "../../api/mod.ts";
import type { OfferedMemory } from "../../engine/mod.ts";
import type { Mesh } from "../../mesh/mod.ts";
import {
  type AddressRules,
  DownloadRefusedError,
  downloadWorld,
  PUBLIC_ONLY,
  roomFor,
} from "../../downloads/mod.ts";
import {
  CATALOG,
  type DownloadPlan,
  Downloads,
  InvalidReferenceError,
  type LocalModel,
  type ModelInventory,
  type ShapeSettings,
  shardName,
} from "../../models/mod.ts";
import { isSameContent } from "../../base/model_ids.ts";
import { catalogEntries } from "./catalog_entries.ts";
import type { ModelsConfig } from "../../models/config.ts";
import type { SettingsOf } from "../plan/model_settings.ts";
import { MAX_FILE_STREAMS } from "../plan/defaults.ts";
import { handleFile } from "../ends/file_host.ts";
import type { FitView } from "../plan/fit_mesh.ts";
import { fitJudge } from "../plan/fit_now.ts";
import { fitOf } from "../plan/fit_words.ts";
import { downloadFit } from "./fit_views.ts";
import { fitViewOf } from "./mesh_fit_view.ts";
import { Liars, peerSources } from "../ends/peer_files.ts";
import { FILE_PROTOCOL } from "../ends/protocols.ts";
import { removeModel } from "./remove_model.ts";
import { stateOf } from "../report/serving.ts";

/** The parts that an active node has and a client lacks. */
export interface ModelStock {
  readonly inventory: ModelInventory;
  /** The folder for downloads. */
  readonly folder: string;
  readonly memory: OfferedMemory;
  readonly rpcProtocol: string;
}

export interface ModelManagerOptions {
  readonly mesh: Mesh;
  readonly stock: ModelStock | null;
  readonly models: ModelsConfig;
  readonly settingsOf: SettingsOf;
  readonly send: (event: NodeEvent) => void;
  /** As `NodePart.idleSinceMs` has it. @default nothing was ever asked for */
  readonly idleSinceMs?: (model: string) => number | undefined;
  /** Its user asks for a download, for which other members may have to be asked. */
  readonly enter: (reason: string) => Promise<void>;
  readonly logger: Logger;
  /** @default {PUBLIC_ONLY} */
  readonly rules?: AddressRules;
}

export class ModelManager implements ModelActions {
  readonly #options: ModelManagerOptions;
  #downloads: Downloads | null = null;
  #roomBytes = 0;
  readonly #toldPercent = new Map<string, number>();
  readonly #liars = new Liars();

  static async open(options: ModelManagerOptions): Promise<ModelManager> {
    const manager = new ModelManager(options);
    const { mesh, stock, logger } = options;
    if (stock === null) return manager;
    manager.#downloads = await manager.#openDownloads(stock);
    mesh.handle(
      FILE_PROTOCOL,
      { maxStreams: MAX_FILE_STREAMS },
      (stream, peer) =>
        handleFile(stream, peer.id, { models: () => stock.inventory.models, logger }),
    );
    await manager.#measureRoom();
    return manager;
  }

  private constructor(options: ModelManagerOptions) {
    this.#options = options;
  }

  catalog(): CatalogEntry[] {
    const { mesh, stock } = this.#options;
    const routes = mesh.routes();
    return catalogEntries({
      onDisk: stock?.inventory.models ?? [],
      broken: stock?.inventory.broken ?? [],
      elsewhere: mesh.members().flatMap(({ models }) => models),
      namesakes: routes.namesakes,
      instances: routes.instances.map((one) => ({
        ...one,
        state: stateOf(one, routes.nodes.find(({ peer }) => peer === one.host)),
      })),
      turns: routes.nodes.flatMap(({ turns = [] }) => turns),
      catalog: CATALOG,
      downloads: this.#downloads?.list() ?? [],
      mesh: this.#fitView(),
      shapeOf: this.#options.settingsOf,
    });
  }

  async download(reference: string): Promise<{ name: string; download: DownloadStatus }> {
    try {
      const downloads = this.#active();
      await this.#options.enter(`its user wants to download ${reference}`);
      const { name, progress } = await downloads.start(reference);
      return { name, download: progress };
    } catch (error) {
      if (error instanceof InvalidReferenceError) {
        throw new ModelRefusedError("unknown", error.message);
      }
      if (!(error instanceof DownloadRefusedError)) throw error;
      throw new ModelRefusedError("conflict", error.message);
    }
  }

  downloadStatus(name: string): DownloadStatus | null {
    return this.#downloads?.list().find((one) => one.name === name)?.progress ?? null;
  }

  async pauseDownload(name: string): Promise<void> {
    if (!await this.#active().pause(name)) throw noDownload(name);
  }

  async cancelDownload(name: string): Promise<void> {
    if (!await this.#active().cancel(name)) throw noDownload(name);
  }

  async refresh(): Promise<void> {
    await this.#options.stock?.inventory.refresh();
  }

  async remove(asked: string): Promise<void> {
    const { mesh, stock, logger } = this.#options;
    if (stock === null) throw noModels();
    const { inventory, folder } = stock;
    const { instances, nodes } = mesh.routes();
    const here = [
      ...instances.filter(({ host }) => host === mesh.self),
      ...nodes.filter(({ peer }) => peer === mesh.self).flatMap((node) => node.reservations),
    ];
    const model = await removeModel(asked, {
      models: inventory.models,
      folder,
      isServed: (model) => here.some((one) => isSameContent(one.model, model)),
    });
    logger.info("Removed {model} from the disk", { event: "removed", model: model.name });
    await inventory.forget(model);
    await this.#measureRoom();
  }

  /** Bytes of models that fit the disk now, in whole GB: others are told, and need not know more. */
  get roomBytes(): number {
    return this.#roomBytes;
  }

  get isDownloading(): boolean {
    return this.#downloads?.list().some(({ progress }) => progress.state === "running") ?? false;
  }

  /** Downloads a model of the catalog to its end; pauses it at the signal. @throws with a sentence. */
  async fetch(name: string, signal: AbortSignal): Promise<void> {
    const downloads = this.#active();
    const onAbort = () => void downloads.pause(name);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await downloads.start(name, signal);
      const left = await downloads.ended(name);
      if (left !== undefined) throw new Error(left.error ?? `The download of ${name} was stopped`);
    } finally {
      signal.removeEventListener("abort", onAbort);
      await this.#measureRoom();
    }
  }

  /** Downloaded parts are kept for the next run. */
  async stop(): Promise<void> {
    await this.#downloads?.stop();
  }

  async #measureRoom(): Promise<void> {
    const { stock, logger } = this.#options;
    if (stock === null) return;
    try {
      this.#roomBytes = Math.floor((await roomFor(stock.folder)) / 1e9) * 1e9;
    } catch (error) {
      logger.debug("{folder} takes no downloads: {error}", { folder: stock.folder, error });
    }
  }

  #active(): Downloads {
    if (this.#downloads !== null) return this.#downloads;
    throw noModels();
  }

  #openDownloads({ inventory, folder }: ModelStock): Promise<Downloads> {
    const { models, logger, mesh, rules = PUBLIC_ONLY } = this.#options;
    const { endpoint, token, proxies } = models.hub;
    const hub = new URL(endpoint);
    const secret = token === null ? null : { host: hub.host, value: token };
    return Downloads.open({
      folder,
      hub,
      world: { ...downloadWorld(secret, proxies), rules },
      checkFit: (plan) => this.#checkFit(plan),
      peersFor: (plan, { path }) => {
        const { model, index } = shardName(path);
        if (model !== plan.name) return []; // a projector is not announced
        return peerSources(plan, index - 1, { mesh, liars: this.#liars });
      },
      onLiar: (peer) => {
        this.#liars.add(peer, mesh.members());
        logger.warn("{peer} sent wrong bytes of a model and is not asked again", { peer });
      },
      onFinished: ({ name }) => {
        logger.info("Downloaded {model}", { event: "downloaded", model: name });
        inventory.refresh().catch((error) => logger.warn("{error}", { error }));
      },
      onProgress: (name, progress) => this.#tell(name, progress),
      now: () => Date.now(),
    });
  }

  /** Whether the mesh as it is now could serve a model of this disk with these settings. */
  fitWith(model: LocalModel, settings: ShapeSettings): Fit {
    const view = this.#fitView();
    return fitOf(fitJudge(view)({ ...model, source: "none" }, settings), view);
  }

  /** Nothing is fetched that nobody here could run, whatever else were to stop for it. */
  #checkFit({ modelBytes, name }: DownloadPlan): void {
    const fit = downloadFit(
      { name, sizeBytes: modelBytes },
      this.#fitView(),
      this.#options.settingsOf({ name }),
    );
    if (fit.kind !== "none") return;
    throw new DownloadRefusedError(`${name} was not downloaded. ${fit.reason}`);
  }

  #fitView(): FitView {
    const { mesh, stock, idleSinceMs = () => 0 } = this.#options;
    return fitViewOf({
      self: mesh.self,
      own: stock &&
        { ...stock, models: stock.inventory.models, downloadBytes: this.#roomBytes, idleSinceMs },
      members: mesh.members(),
      routes: mesh.routes(),
      rttMs: (peer) => mesh.rttMs(peer),
      shapeOf: this.#options.settingsOf,
    });
  }

  /** The console hears of all of it, the log of each percent once and of what went wrong. */
  #tell(model: string, progress: DownloadStatus): void {
    const { send, logger } = this.#options;
    const fraction = progress.totalBytes === 0 ? 0 : progress.receivedBytes / progress.totalBytes;
    send({ type: "progress", task: "download", model, fraction });
    if (progress.state === "failed") {
      logger.warn("{model}: {error}", { event: "download-failed", model, error: progress.error });
    }
    const percent = Math.floor(fraction * 100);
    if (progress.state !== "running" || this.#toldPercent.get(model) === percent) return;
    this.#toldPercent.set(model, percent);
    logger.info("Downloading {model}", { event: "progress", task: "download", model, fraction });
  }
}

function noModels(): ModelRefusedError {
  return new ModelRefusedError("conflict", "This node is a client: it keeps no models");
}

function noDownload(name: string): ModelRefusedError {
  return new ModelRefusedError("unknown", `No download of ${name} is under way here`);
}
