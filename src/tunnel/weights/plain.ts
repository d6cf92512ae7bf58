import type { Logger } from "@logtape/logtape";
import { type Greeting, versionText } from "./hello_reply.ts";
import type { RpcCounts } from "./rpc_counts.ts";

/** Why a connection's bytes pass as they are; `null` where both ends understand it. */
export function plainReason({ version, layout }: Greeting, agreed: boolean): string | null {
  if (version === undefined) return "it does not greet as llama.cpp's RPC does";
  if (layout === undefined) return `RPC protocol ${versionText(version)} is not known here`;
  return agreed ? null : "its mesh-llm speaks of weights in another version";
}

/** Keeps the reason for the status, and says it when it is new: a load makes several connections. */
export function notePlain(
  reason: string | null,
  { counts, peer, logger }: {
    readonly counts: RpcCounts;
    readonly peer: string;
    readonly logger: Logger;
  },
): void {
  const isNew = reason !== counts.plain;
  counts.plain = reason;
  if (reason === null || !isNew) return;
  logger.warn(
    "RPC bytes of {peer} pass as they are, so that all weights cross the network: {reason}",
    { peer, reason },
  );
}
