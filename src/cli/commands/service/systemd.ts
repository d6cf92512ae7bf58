/** The service as a unit of systemd, of this user or of the whole machine. */

import { userInfo } from "node:os";
import { join } from "node:path";
import { runCommand, type RunResult } from "../../../base/run_command.ts";
import { unlessMissing } from "../../../base/unless_missing.ts";
import { ServiceError } from "../../base/service_error.ts";
import { SERVICE_LOG_LINES } from "./defaults.ts";
import { runOf, type ServicePlan, type ServiceRun } from "./plan.ts";
import type { LogsRequest, Service, ServiceOptions, ServiceStatus } from "./service.ts";
import { ServiceFile } from "./service_file.ts";
import { showLines } from "./show_lines.ts";
import { execStartOf, journalLine, propertiesOf, stateOf, unitFolder } from "./systemd_words.ts";
import { systemdUnit } from "./systemd_unit.ts";

const UNIT = "mesh-llm.service";

/** A driver that is installed later is found by the next install. */
const NVIDIA_MODPROBE = "/usr/bin/nvidia-modprobe";

interface Manager {
  readonly version: number;
  readonly file: ServiceFile;
}

export class SystemdService implements Service {
  readonly restartCommand: string;
  readonly #system: boolean;

  constructor({ system }: ServiceOptions) {
    this.#system = system;
    this.restartCommand = `systemctl ${system ? "" : "--user "}restart ${UNIT}`;
  }

  async install(plan: ServicePlan): Promise<void> {
    if (/["'\\]/.test(plan.executable)) {
      throw new ServiceError(
        `systemd runs no program with a quote or a backslash in its path: move ${plan.executable}`,
      );
    }
    const { version, file } = await this.#manager();
    const before = await file.read();
    const nvidiaModprobe = await isThere(NVIDIA_MODPROBE) ? NVIDIA_MODPROBE : null;
    await file.write(systemdUnit(plan, { systemd: version, nvidiaModprobe }));
    try {
      await this.#tell("daemon-reload");
      await this.#tell("enable", UNIT);
      await this.#tell("restart", UNIT);
    } catch (error) {
      if (before === null) await this.#take(file);
      else await this.#putBack(file, before);
      throw error;
    }
  }

  async restart(): Promise<void> {
    await this.#tell("try-restart", UNIT);
  }

  async run(): Promise<ServiceRun | null> {
    const { file } = await this.#manager();
    return runOf(execStartOf(await file.read() ?? ""));
  }

  async uninstall(): Promise<boolean> {
    const { file } = await this.#manager();
    if (await file.read() === null) return false;
    await this.#tell("disable", "--now", UNIT);
    await this.#take(file);
    return true;
  }

  async status(): Promise<ServiceStatus> {
    const { file } = await this.#manager();
    const installed = await file.read() !== null;
    const found = propertiesOf(
      await this.#tell(
        "show",
        "--property=ActiveState,SubState,MainPID,NRestarts,ExecMainStatus",
        UNIT,
      ),
    );
    const state = installed ? stateOf(found) : null;
    const hasFailed = state === "failed" || state === "restarting";
    return {
      installed,
      system: this.#system,
      file: file.path,
      state,
      pid: Number(found.MainPID) || null,
      restarts: installed ? Number(found.NRestarts) : null,
      exitCode: hasFailed ? Number(found.ExecMainStatus) : null,
      untilShutdown: this.#system ||
        await isThere(`/var/lib/systemd/linger/${userInfo().username}`),
    };
  }

  async logs({ follow, json }: LogsRequest): Promise<number> {
    const args = [
      ...["--quiet", "--no-pager", this.#system ? "--unit" : "--user-unit", UNIT],
      ...["--lines", String(SERVICE_LOG_LINES), "--output", json ? "json" : "short-iso"],
      ...(follow ? ["--follow"] : []),
    ];
    const env = this.#env;
    return await showLines("journalctl", args, { env, read: json ? journalLine : null })
      .catch(withoutSystemd);
  }

  /** A session without a login has no way to its systemd in its environment. */
  get #env(): Record<string, string> {
    const isLed = this.#system || Deno.env.get("XDG_RUNTIME_DIR");
    return isLed ? {} : { XDG_RUNTIME_DIR: `/run/user/${Deno.uid()}` };
  }

  /** @throws {ServiceError} where none answers */
  async #manager(): Promise<Manager> {
    const { code, stdout, stderr } = await this.#ask("show", "--property=Version,UnitPath");
    const { Version = "", UnitPath = "" } = propertiesOf(stdout);
    const folder = this.#system ? "/etc/systemd/system" : unitFolder(UnitPath);
    if (code !== 0 || folder === undefined) throw this.#unreachable(stderr);
    const [version] = /\d+/.exec(Version) ?? ["0"];
    return { version: Number(version), file: new ServiceFile(join(folder, UNIT)) };
  }

  #unreachable(stderr: string): ServiceError {
    const words = stderr.trim().split("\n")[0] || "no answer";
    return new ServiceError(
      this.#system
        ? `systemd does not run this machine (${words}). ${INSTEAD}`
        : `This user's systemd can't be reached (${words}): log in as this user at a terminal or by ` +
          "ssh, not by su or sudo; or make a service of the whole machine with " +
          `sudo mesh-llm service install --system. ${INSTEAD}`,
    );
  }

  /** Removes the unit with all that systemd keeps about it; it may be half made. */
  async #take(file: ServiceFile): Promise<void> {
    await this.#ask("disable", "--now", UNIT);
    await file.remove();
    await this.#tell("daemon-reload");
    await this.#ask("reset-failed", UNIT);
  }

  async #putBack(file: ServiceFile, text: string): Promise<void> {
    await file.write(text);
    await this.#tell("daemon-reload");
    await this.#ask("restart", UNIT);
  }

  /** @throws {ServiceError} where systemd says no, in its words */
  async #tell(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#ask(...args);
    if (code === 0) return stdout;
    const words = stderr.trim().split("\n")[0] ?? "";
    throw new ServiceError(
      `systemd did not ${args[0]} the service: ${words}. mesh-llm service logs may say why`,
    );
  }

  async #ask(...args: string[]): Promise<RunResult> {
    const scope = this.#system ? "--system" : "--user";
    return await runCommand("systemctl", [scope, ...args], { env: this.#env }).catch(
      withoutSystemd,
    );
  }
}

const INSTEAD =
  "Without it, run mesh-llm in the foreground, by whatever starts programs on this machine";

function withoutSystemd(error: unknown): never {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  throw new ServiceError(
    "There is no systemd here to keep a service: run mesh-llm in the foreground, by whatever starts " +
      "programs on this machine",
    { cause: error },
  );
}

async function isThere(path: string): Promise<boolean> {
  return await unlessMissing(Deno.stat(path)) !== undefined;
}
