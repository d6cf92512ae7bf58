import { join } from "node:path";
import { NAME_LENGTH_MAX } from "../../base/defaults.ts";
import { type CliContext, dataOf, type DataOptions } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** The relay of this machine, and those of a mesh. */
export function relayRequests({ around, ask }: Asking): Pick<
  Actions,
  "relayRun" | "relayClaim" | "relayStatus" | "relayAdd" | "relayList" | "relayRemove"
> {
  return {
    relayRun: ({ bindPort, address, ...options }) =>
      ask({
        kind: "relay",
        name: around.facts.hostname.slice(0, NAME_LENGTH_MAX),
        bindPort: bindPort ?? null,
        address: address ?? null,
        ...relayDataOf(options, around),
      }),
    relayClaim: (options) => ask({ kind: "relay-claim", ...relayDataOf(options, around) }),
    relayStatus: (options) => ask({ kind: "relay-status", ...relayDataOf(options, around) }),
    relayAdd: (claim, { name, ...options }) =>
      ask({ kind: "relay-add", claim, name: name ?? null, ...dataOf(options, around) }),
    relayList: (options) => ask({ kind: "relay-list", ...dataOf(options, around) }),
    relayRemove: (id, options) => ask({ kind: "relay-remove", id, ...dataOf(options, around) }),
  };
}

/** A folder of its own, so that a relay runs beside a node. */
function relayDataOf(options: DataOptions, around: CliContext) {
  const { dataDir, json } = dataOf(options, around);
  return { dataDir: join(dataDir, "relay"), json };
}
