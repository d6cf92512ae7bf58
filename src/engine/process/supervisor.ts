import type { Logger } from "@logtape/logtape";
import { join, resolve } from "node:path";
import { ChildFile } from "./child_file.ts";
import { DeviceLosses } from "./device_losses.ts";
import { FREEZES_KEPT, LOG_FILE_BYTES, LOG_FILES } from "../base/defaults.ts";
import { GuardedServer } from "./managed_server.ts";
import { RotatedLog } from "../output/rotated_log.ts";
import type {
  Engine,
  EngineDevice,
  Freeze,
  LaunchOptions,
  LostDevice,
  ManagedServer,
  ServerSpec,
  Supervisor,
  Threads,
} from "../base/types.ts";

export interface SupervisorOptions {
  readonly engine: Engine;
  /** See `machineThreads`. */
  readonly threads: Threads;
  /** Logs go to its `logs` folder, the pids of running children to its `children.json`. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The owner of this node's servers. Call `endStaleChildren` before the first. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new ProcessSupervisor(options);
}

class ProcessSupervisor implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children: ChildFile;
  readonly #servers = new Set<GuardedServer>();
  /** One a kind: a new server may start while its predecessor still writes. */
  readonly #logs = new Map<string, RotatedLog>();
  readonly #freezes: Freeze[] = [];
  readonly #losses: DeviceLosses;
  readonly #restarts = new Map<string, number>();
  #stopped = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#children = new ChildFile(options.dataDir);
    this.#losses = new DeviceLosses(options.engine.devices);
  }

  get restarts(): ReadonlyMap<string, number> {
    return this.#restarts;
  }

  get freezes(): readonly Freeze[] {
    return this.#freezes;
  }

  get devices(): readonly EngineDevice[] {
    return this.#losses.devices;
  }

  get lostDevices(): readonly LostDevice[] {
    return this.#losses.givenUp;
  }

  launch(spec: ServerSpec, options: LaunchOptions): ManagedServer {
    if (this.#stopped) throw new Error(`Cannot start ${spec.kind}: the node is stopping`);
    const { engine, threads, logger, now = Date.now, random = Math.random } = this.#options;
    const losses = this.#losses;
    // Its first child starts before it is known here.
    let itself: GuardedServer | null = null;
    const server = new GuardedServer(withAbsolutePath(spec), options, {
      get engine() {
        return { ...engine, devices: losses.devices };
      },
      threads,
      logger,
      now,
      random,
      log: this.#log(spec.kind),
      children: this.#children,
      hasNeighbours: () => [...this.#servers].some((one) => one !== itself),
      onRestart: () => this.#countRestart(spec.label ?? spec.modelName ?? ""),
    });
    itself = server;
    this.#servers.add(server);
    let readyAtMs: number | null = null;
    server.subscribe((state) => {
      if (state.kind === "stopped") this.#servers.delete(server);
      if (state.kind === "frozen") this.#recordFreeze(spec, state.reason);
      if (state.kind === "failed") {
        const readyMs = readyAtMs === null ? 0 : now() - readyAtMs;
        losses.add({ spec, cause: state.cause, readyMs });
      }
      // Each new child begins anew.
      if (state.kind === "ready") readyAtMs ??= now();
      else readyAtMs = null;
    });
    return server;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#servers].map((server) => server.stop()));
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  #countRestart(model: string): void {
    this.#restarts.set(model, (this.#restarts.get(model) ?? 0) + 1);
  }

  #recordFreeze(spec: ServerSpec, reason: string): void {
    const { logger, now = Date.now } = this.#options;
    const server = spec.kind;
    const model = spec.label ?? spec.modelName ?? null;
    this.#freezes.push({ time: new Date(now()).toISOString(), server, model, reason });
    if (this.#freezes.length > FREEZES_KEPT) this.#freezes.shift();
    logger.warn("{server} is frozen and is ended: {reason}", {
      event: "frozen",
      server,
      model,
      reason,
    });
  }

  #log(name: string): RotatedLog {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const path = join(this.#options.dataDir, "logs", `${name}.log`);
    const log = new RotatedLog(path, { maxBytes: LOG_FILE_BYTES, files: LOG_FILES });
    this.#logs.set(name, log);
    return log;
  }
}

/** Children run in the folder of their binary, where a relative path would lead elsewhere. */
function withAbsolutePath<Spec extends ServerSpec>(spec: Spec): Spec {
  return spec.modelPath === null ? spec : { ...spec, modelPath: resolve(spec.modelPath) };
}
