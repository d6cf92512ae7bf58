/** A node is let into a mesh by its code -> the configuration with which it starts there. */

import { join } from "node:path";
import { withChanges } from "../../node/config.ts";
import { type KeyFacts, refuseOpenDoors } from "./serve_config.ts";
import type { ServeConfig } from "./serve_command.ts";

/** The one of a node that is let in; a client is another node than a member, with a folder of its own. */
export function pairedConfig(
  config: ServeConfig,
  { token, role }: { readonly token: string; readonly role: string },
  around: KeyFacts,
): ServeConfig {
  const joined = withChanges(config, { mesh: { join: token, leave: true } });
  if (role !== "client" || config.client) return joined;
  const client = withChanges(joined, {
    client: true,
    dataDir: join(config.dataDir, "client"),
    serving: { models: [] },
  });
  // The keys that were made for the member are not the client's.
  refuseOpenDoors(client, around);
  return client;
}
