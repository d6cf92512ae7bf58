/** A relay as a user starts it, in a process of its own. */

import { NodeProcess } from "./node_process.ts";
import { type Program, programCommand, temporaryFolder } from "./program.ts";

export interface RelayProcessOptions extends Program {
  readonly dataDir: string;
  /** By which others reach it. @default {"127.0.0.1"} */
  readonly address?: string;
}

/** Its event `relay` tells that it listens, with its claim. */
export async function startRelayProcess(
  { dataDir, address = "127.0.0.1", ...program }: RelayProcessOptions,
): Promise<NodeProcess> {
  const folder = await temporaryFolder();
  const args = ["relay", "--json", "--address", address, "--data-dir", dataDir];
  return new NodeProcess(
    "relay",
    dataDir,
    programCommand(args, program, folder.path).spawn(),
    folder,
  );
}
