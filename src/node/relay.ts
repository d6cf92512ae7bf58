/** `mesh-llm relay`: a process that lends its address, from its start to its end, and what others see of it. */

import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import { writeWhole } from "../base/atomic_file.ts";
import { isAlive } from "../base/is_alive.ts";
import { makeClaim, RelayNode, type RelayStatus } from "../mesh/mod.ts";
import { DataDirLock } from "./data/data_dir.ts";

export type { RelayStatus } from "../mesh/mod.ts";

export interface RelayConfig {
  /** Of the relay alone. */
  readonly dataDir: string;
  readonly name: string;
  readonly bindPort: number | null;
  readonly address: string | null;
}

/** Files that tell of a relay are as old as this at most. */
const STATUS_EVERY_MS = 1_000;

const STATUS_FILE = "status.json";

/** The relay that runs, for the commands beside it. */
interface StatusFile {
  readonly pid: number;
  readonly relay: RelayStatus;
}

export interface RunningRelay {
  readonly status: RelayStatus;
  /** For the first mesh; `null` where one has claimed it already. */
  readonly claim: string | null;
  stop(): Promise<void>;
}

/** @throws the sentence of whatever is missing; then nothing is left running. */
export async function startRelay(
  config: RelayConfig,
  { logger, version }: { readonly logger: Logger; readonly version: string },
): Promise<RunningRelay> {
  await using starting = new AsyncDisposableStack();
  const lock = await DataDirLock.acquire(config.dataDir);
  starting.defer(() => lock.release());
  const relay = starting.use(await RelayNode.start({ ...config, logger, version }));
  const path = join(config.dataDir, STATUS_FILE);
  starting.defer(() => Deno.remove(path).catch(() => undefined)); // it was never written
  const status = await relay.status();
  let told = await tellStatus(path, relay, "");
  const timer = setInterval(() => {
    tellStatus(path, relay, told).then((now) => told = now).catch((error) =>
      logger.warn("The status of this relay can't be written: {error}", { error })
    );
  }, STATUS_EVERY_MS);
  starting.defer(() => clearInterval(timer));
  const claim = relay.isFree ? (await makeClaim(config.dataDir)).claim : null;
  const parts = starting.move();
  return { status, claim, stop: () => parts.disposeAsync() };
}

async function tellStatus(path: string, relay: RelayNode, told: string): Promise<string> {
  const file: StatusFile = { pid: Deno.pid, relay: await relay.status() };
  const text = JSON.stringify(file, null, 2);
  if (text !== told) await writeWhole(path, text);
  return text;
}

/** `null` where no relay runs on the data directory. */
export async function relayStatus(dataDir: string): Promise<RelayStatus | null> {
  try {
    const file: StatusFile = JSON.parse(await Deno.readTextFile(join(dataDir, STATUS_FILE)));
    return isAlive(file.pid) ? file.relay : null;
  } catch {
    return null; // it was never started, or was killed while it wrote
  }
}

export { makeClaim };
