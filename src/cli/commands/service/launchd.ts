/** The service as an agent of launchd, which runs while its user is logged in. */

import { dirname, join } from "node:path";
import { runCommand, type RunResult } from "../../../base/run_command.ts";
import { ServiceError } from "../../base/service_error.ts";
import { SERVICE_LOG_LINES } from "./defaults.ts";
import { LABEL, launchdLog, launchdPlist } from "./launchd_plist.ts";
import { agentState, argumentsOf, logOf } from "./launchd_words.ts";
import { runOf, type ServicePlan, type ServiceRun } from "./plan.ts";
import type { LogsRequest, Service, ServiceStatus } from "./service.ts";
import { ServiceFile } from "./service_file.ts";
import { showLines } from "./show_lines.ts";

export class LaunchdService implements Service {
  readonly #file: ServiceFile;
  /** The part of launchd that has the agents of a user who is logged in at the screen. */
  readonly #domain = `gui/${Deno.uid()}`;

  constructor(home: string) {
    this.#file = new ServiceFile(join(home, "Library/LaunchAgents", `${LABEL}.plist`));
  }

  async install(plan: ServicePlan): Promise<void> {
    const before = await this.#file.read();
    // launchd makes no folders, and says nothing of a log that it can't write.
    await Deno.mkdir(dirname(launchdLog(plan)), { recursive: true, mode: 0o700 });
    if (before !== null) await this.#unload();
    await this.#file.write(launchdPlist(plan));
    try {
      await this.#tell("bootstrap", this.#domain, this.#file.path);
    } catch (error) {
      if (before === null) await this.#file.remove();
      else await this.#file.write(before);
      throw error;
    }
  }

  async restart(): Promise<void> {
    await this.#unload();
    await this.#tell("bootstrap", this.#domain, this.#file.path);
  }

  async run(): Promise<ServiceRun | null> {
    return runOf(argumentsOf(await this.#file.read() ?? ""));
  }

  async uninstall(): Promise<boolean> {
    if (await this.#file.read() === null) return false;
    await this.#unload();
    await this.#file.remove();
    return true;
  }

  async status(): Promise<ServiceStatus> {
    const installed = await this.#file.read() !== null;
    const { code, stdout } = await this.#ask("print", this.#service);
    const found = installed && code === 0 ? agentState(stdout) : NOT_LOADED;
    return {
      installed,
      system: false,
      file: this.#file.path,
      ...found,
      state: installed ? found.state : null,
      untilShutdown: false,
    };
  }

  async logs({ follow, json }: LogsRequest): Promise<number> {
    const log = logOf(await this.#file.read() ?? "");
    if (log === null) throw new ServiceError("There is no service: mesh-llm service install");
    const args = ["-n", String(SERVICE_LOG_LINES), ...(follow ? ["-F"] : []), log];
    return await showLines("tail", args, { read: json ? (line) => ({ time: null, line }) : null });
  }

  get restartCommand(): string {
    return `launchctl kickstart -k ${this.#service}`;
  }

  get #service(): string {
    return `${this.#domain}/${LABEL}`;
  }

  /** Returns once the node is gone; launchd answers the same where it had none. */
  async #unload(): Promise<void> {
    await this.#ask("bootout", this.#service);
  }

  /** @throws {ServiceError} where launchd says no, in its words */
  async #tell(...args: string[]): Promise<void> {
    const { code, stderr } = await this.#ask(...args);
    if (code === 0) return;
    throw new ServiceError(
      `launchd did not ${args[0]} the service: ${stderr.trim().split("\n")[0]}. An agent needs a ` +
        "user who is logged in at the screen; elsewhere run mesh-llm in the foreground",
    );
  }

  async #ask(...args: string[]): Promise<RunResult> {
    return await runCommand("launchctl", args);
  }
}

const NOT_LOADED = { state: "stopped", pid: null, restarts: null, exitCode: null } as const;
