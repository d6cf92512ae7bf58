import { setTimeout } from "node:timers/promises";
import { PUBLIC_ONLY } from "./address_rules.ts";
import { freeBytes } from "./disk.ts";
import type { DownloadWorld } from "./download_file.ts";

/** The real world, behind the address rules of docs/trust.md. */
export function downloadWorld(
  token: DownloadWorld["token"],
  proxies?: DownloadWorld["proxies"],
): DownloadWorld {
  const world = { rules: PUBLIC_ONLY, token, freeBytes, pause };
  return proxies === undefined ? world : { ...world, proxies };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
