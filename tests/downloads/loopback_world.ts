import type { DownloadWorld } from "../../src/downloads/mod.ts";

/** Downloads from this machine's own ports, with room for everything and no time lost between two attempts. */
export const LOOPBACK_WORLD: DownloadWorld = {
  rules: { allowsUrl: () => true, allowsAddress: (address) => address === "127.0.0.1" },
  token: null,
  freeBytes: () => Promise.resolve(1e12),
  pause: (_ms, signal) => Promise.resolve(signal.throwIfAborted()),
};
