import { pause } from "../base/pause.ts";
import { PUBLIC_ONLY } from "./address_rules.ts";
import { freeBytes } from "./disk.ts";
import type { DownloadWorld } from "./download_file.ts";

/** The real world, behind the address rules of docs/trust.md. */
export function downloadWorld(
  token: DownloadWorld["token"],
  proxies?: DownloadWorld["proxies"],
): DownloadWorld {
  const world = { rules: PUBLIC_ONLY, token, freeBytes, pause: pauseUnlessStopped };
  return proxies === undefined ? world : { ...world, proxies };
}

async function pauseUnlessStopped(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, signal);
  signal.throwIfAborted();
}
