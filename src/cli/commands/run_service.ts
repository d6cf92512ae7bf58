/** `mesh-llm service`: the system starts the node, and starts it again where it fails. */

import { join } from "node:path";
import { jsonText, printable } from "../../base/printable.ts";
import { printError, printOut } from "../base/output.ts";
import { ServiceError } from "../base/service_error.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { ServiceCommand, ServiceInstallCommand } from "../config/command.ts";
import { understand } from "../config/parse.ts";
import type { Runtime } from "../terminal/runtime.ts";
import { findService } from "./service/find_service.ts";
import { isWritable, leftOutOf, serviceEnvironment, type ServicePlan } from "./service/plan.ts";
import type { Service } from "./service/service.ts";
import { findUser } from "./service/service_user.ts";
import { stablePath } from "./service/stable_path.ts";
import { statusText } from "./service/status_text.ts";
import { hasGone, noneRuns, untilReady } from "./service/until_ready.ts";

export async function runService(command: ServiceCommand, runtime: Runtime): Promise<number> {
  const service = findService(command);
  switch (command.kind) {
    case "service-install":
      return await install(service, command, runtime);
    case "service-uninstall":
      return await uninstall(service, command);
    case "service-status": {
      const status = await service.status();
      printOut(command.json ? jsonText(status, { indent: 2 }) : statusText(status));
      return 0;
    }
    case "service-logs":
      return await service.logs(command);
  }
}

async function install(
  service: Service,
  command: ServiceInstallCommand,
  runtime: Runtime,
): Promise<number> {
  if (!Deno.build.standalone) {
    throw new ServiceError(
      "A service needs the executable, and this is mesh-llm from its source: make one with deno task " +
        "compile, and run dist/mesh-llm service install",
    );
  }
  const plan = await planOf(command, runtime);
  refuseEmpty(plan, command, runtime);
  await refuseRunning(service, plan);
  await service.install(plan);
  const status = await untilReady(service, plan);
  if (hasGone(status)) {
    throw new ServiceError(
      `The service is installed and its node does not stay (exit code ${status.exitCode ?? 0}): ` +
        "mesh-llm service logs says why, and mesh-llm service uninstall removes it",
    );
  }
  printOut(command.json ? jsonText(status, { indent: 2 }) : statusText(status));
  const leftOut = leftOutOf(runtime.environment as Record<string, string | undefined>);
  if (leftOut.length > 0 && !command.json) {
    printError(
      `The service runs without ${
        leftOut.join(", ")
      } of this terminal, since others may read its ` +
        "environment: config.toml has places for secrets\n",
    );
  }
  return 0;
}

async function planOf(
  { system, user, dataDir }: ServiceInstallCommand,
  { environment, facts, path }: Runtime,
): Promise<ServicePlan> {
  const owner = system ? await ownerOf(user, environment as Record<string, string>) : null;
  const home = owner?.home ?? facts.home;
  if (home === undefined) throw new ServiceError("Cannot make a service: HOME is not set");
  const plan = {
    executable: await stablePath(Deno.execPath(), path),
    dataDir: dataDir ?? join(home, ".mesh-llm"),
    user: owner?.name ?? null,
    home,
    environment: serviceEnvironment(environment as Record<string, string>),
  };
  for (const one of [plan.executable, plan.dataDir]) {
    if (isWritable(one)) continue;
    throw new ServiceError(
      `Cannot make a service of ${JSON.stringify(one)}: its path has a character that steers a ` +
        "terminal. Move it to another place",
    );
  }
  return plan;
}

/** The user who has called sudo has the models, and a data directory. */
async function ownerOf(named: string | null, { SUDO_USER }: Record<string, string>) {
  const name = named ?? SUDO_USER;
  if (name) return await findUser(name);
  throw new ServiceError(
    "A service of the whole machine runs as one of its users, and not by itself as root: name one with --user",
  );
}

/** Before anything is written. Of another user's files the node itself says it, in its log. */
function refuseEmpty(
  { dataDir, environment, user }: ServicePlan,
  { system }: ServiceInstallCommand,
  { facts }: Runtime,
): void {
  if (system && user !== "root") return;
  const { command } = understand(["--data-dir", dataDir], environment, facts);
  if (command.kind === "serve") return;
  throw new ServiceError(
    `The service would have nothing to do: ${
      join(dataDir, "config.toml")
    } names no model and no mesh, ` +
      "and no node was started with this data directory. Start mesh-llm once as the service is to run, " +
      "or write model or join into that file",
  );
}

/** One node has a data directory; the service's own is started again. */
async function refuseRunning(service: Service, { dataDir }: ServicePlan): Promise<void> {
  const node = await findRunningNode(dataDir).catch(noneRuns);
  if (node === null || node.pid === (await service.status()).pid) return;
  throw new ServiceError(
    `A node that is no service, with pid ${node.pid}, runs on ${dataDir}: end it with mesh-llm stop first`,
  );
}

async function uninstall(service: Service, { json }: ServiceCommand): Promise<number> {
  const { file } = await service.status();
  const removed = await service.uninstall();
  if (json) printOut(jsonText({ removed, file }));
  else if (removed) printOut(`The service has ended, and ${printable(file)} is removed\n`);
  else printOut("There is no service to remove\n");
  return 0;
}
