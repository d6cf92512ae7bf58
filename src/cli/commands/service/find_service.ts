/** The owner of the service of this program: systemd's or launchd's. */

import { homedir } from "node:os";
import { ServiceError } from "../../base/service_error.ts";
import { LaunchdService } from "./launchd.ts";
import type { Service, ServiceOptions } from "./service.ts";
import { SystemdService } from "./systemd.ts";

/** All that may run this program here, whether they are installed or not. */
export function servicesHere(): readonly Service[] {
  if (Deno.build.os === "darwin") return [new LaunchdService(homedir())];
  return [false, true].map((system) => new SystemdService({ system }));
}

/** @throws {ServiceError} where this system has none, with what to do in its place */
export function findService({ system }: ServiceOptions): Service {
  if (Deno.build.os === "darwin") {
    if (!system) return new LaunchdService(homedir());
    throw new ServiceError(
      "On macOS the service is an agent of your user, which starts when you log in: leave --system out",
    );
  }
  if (system && Deno.uid() !== 0) {
    throw new ServiceError(
      "Only root may manage a service of the whole machine: put sudo before the command, or leave --system out",
    );
  }
  return new SystemdService({ system });
}
