/** The user that a service of the whole machine runs as. */

import { runCommand } from "../../../base/run_command.ts";
import { ServiceError } from "../../base/service_error.ts";

export interface ServiceUser {
  readonly name: string;
  readonly home: string;
}

/** @throws {ServiceError} where there is no such user */
export async function findUser(name: string): Promise<ServiceUser> {
  const { code, stdout } = await runCommand("getent", ["passwd", name]);
  // name:password:uid:gid:words:home:shell
  const [found, , , , , home] = stdout.split("\n")[0]?.split(":") ?? [];
  if (code === 0 && found && home) return { name: found, home };
  throw new ServiceError(`There is no user ${name} on this machine: name another one with --user`);
}
