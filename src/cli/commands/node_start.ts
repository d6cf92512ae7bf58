/** The node of a process, and the ones that take its place where it is let into a mesh as another kind of node. Pure. */

import { asError } from "../../base/as_error.ts";
import { withChanges } from "../../node/config.ts";
import type { EarlierRequest, ReadyNode } from "../../node/mod.ts";
import type { ServeConfig } from "../config/serve_command.ts";

/** How a node was let into its mesh by a code. */
export interface ByCode {
  readonly earlier: EarlierRequest;
  /** The member's folder, where a client is started in its place. */
  readonly insteadOf: string | null;
}

export interface NodeStart {
  readonly config: ServeConfig;
  readonly byCode: ByCode | null;
  /** That ran until it was let in as this client, and runs again where the client can't be started. */
  readonly member: ServeConfig | null;
}

type Ports = Pick<ReadyNode, "api" | "console">;

/** A client in the place of a member that ran on these ports. */
export function clientStart(
  { config, earlier }: { readonly config: ServeConfig; readonly earlier: EarlierRequest },
  member: ServeConfig,
  ports: Ports,
): NodeStart {
  // In the mesh of its folder, whichever it was started to join.
  const atHome = withChanges(member, { mesh: { join: null, leave: false } });
  return {
    config: onPorts(config, ports),
    byCode: { earlier, insteadOf: member.dataDir },
    member: onPorts(atHome, ports),
  };
}

/** A client that can't be started leaves the machine as it was. @throws the error of any other start */
export function memberAgain({ byCode, member }: NodeStart, error: unknown): NodeStart {
  if (member === null || byCode === null) throw error;
  const { mesh } = byCode.earlier;
  const problem = `${mesh.name}'s mesh lets this machine in as a client, and a client can't be ` +
    `started here: ${asError(error).message}. It is a member of its own mesh as before`;
  return { config: member, byCode: { earlier: { mesh, problem }, insteadOf: null }, member: null };
}

/** A page that is open, and programs that use the API, go on. */
function onPorts(config: ServeConfig, { api, console }: Ports): ServeConfig {
  const portOf = (url: string, otherwise: number) => Number(new URL(url).port) || otherwise;
  const { port, consolePort } = config.api;
  return withChanges(config, {
    openBrowser: false,
    api: { port: portOf(api, port), consolePort: portOf(console, consolePort) },
  });
}
