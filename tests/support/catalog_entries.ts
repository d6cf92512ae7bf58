/** Catalog entries for tests of the console. */

import type { CatalogEntry, DownloadStatus, Fit } from "../../src/api/base/types.ts";
import { GB, MINI, SELF } from "./console_status.ts";

export const SOLO: Fit = {
  kind: "solo",
  memory: "all",
  needBytes: 6 * GB,
  haveBytes: 24 * GB,
  contextLength: 8_192,
  largestContextLength: 40_960,
  nodes: [{ id: SELF, share: 1 }],
  reason: "Fits this machine: needs 6.0 GB of 24.0 GB",
};

export const SPLIT: Fit = {
  ...SOLO,
  kind: "split",
  memory: "all",
  needBytes: 30 * GB,
  nodes: [{ id: SELF, share: 0.6 }, { id: MINI, share: 0.4 }],
  reason: "Fits 2 machines together",
};

/** Once another machine has stopped what it does. */
export const AFTER: Fit = {
  ...SPLIT,
  stops: [{
    host: MINI,
    machine: "mini",
    model: "guide",
    fingerprint: "f",
    running: true,
    pinned: false,
  }],
  reason: "Would fit 2 machines together if mini stopped guide: needs 30.0 GB of 36.0 GB",
};

export const TOO_LARGE: Fit = {
  ...SOLO,
  kind: "none",
  memory: null,
  needBytes: 430 * GB,
  haveBytes: 36 * GB,
  largestContextLength: null,
  nodes: [],
  reason: "Does not fit: needs 430.0 GB",
};

export function entry(of: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    id: of.name ?? "Qwen3-8B-Q4_K_M",
    name: "Qwen3-8B-Q4_K_M",
    fingerprint: null,
    places: ["catalog"],
    sizeBytes: 5 * GB,
    architecture: "qwen3",
    quantisation: "Q4_K_M",
    contextLength: 40_960,
    licence: "apache-2.0",
    repository: "unsloth/Qwen3-8B-GGUF",
    vision: false,
    state: "cold",
    fit: SOLO,
    download: null,
    broken: null,
    ...of,
  };
}

export const RUNNING: DownloadStatus = {
  state: "running",
  receivedBytes: 2 * GB,
  totalBytes: 5 * GB,
  bytesPerSecond: 40e6,
  secondsLeft: 75,
  error: null,
};

/** One of each kind. */
export const CATALOG: readonly CatalogEntry[] = [
  entry({ name: "guide", places: ["disk"], state: "warm" }),
  entry({ name: "big", places: ["disk"], fit: SPLIT }),
  entry({ name: "huge", fit: TOO_LARGE }),
  entry({ name: "small" }),
  entry({ name: "arriving", download: RUNNING }),
];
