/** The facts about two binaries, kept on disk until one of them changes. */

import { writeWhole } from "../../base/atomic_file.ts";
import type { Binaries, DeviceKind, EngineDevice, ProbedEngine } from "../base/types.ts";
import { PROBE_CACHE_MS } from "../base/defaults.ts";

const KINDS: readonly DeviceKind[] = ["discrete", "integrated", "software"];

interface ProbeRecord extends Omit<ProbedEngine, "llamaServerFlags" | "rpcServerFlags"> {
  readonly key: string;
  readonly probedAtMs: number;
  readonly llamaServerFlags: readonly string[];
  readonly rpcServerFlags: readonly string[];
}

/** Changes when one of the binaries does. */
export async function probeKey({ llamaServer, rpcServer }: Binaries): Promise<string> {
  const files: string[] = [];
  for (const path of [llamaServer, rpcServer]) {
    const { size, mtime } = await Deno.stat(path);
    files.push(`${path} ${size} ${mtime?.getTime() ?? 0}`);
  }
  return files.join("\n");
}

export async function readProbe(
  path: string,
  key: string,
  nowMs: number,
): Promise<ProbedEngine | undefined> {
  try {
    return parseProbe(await Deno.readTextFile(path), key, nowMs);
  } catch {
    return undefined; // the cache is only there to save time
  }
}

export async function writeProbe(
  path: string,
  key: string,
  engine: ProbedEngine,
  nowMs: number,
): Promise<void> {
  const record: ProbeRecord = {
    ...engine,
    key,
    probedAtMs: nowMs,
    llamaServerFlags: [...engine.llamaServerFlags],
    rpcServerFlags: [...engine.rpcServerFlags],
  };
  await writeWhole(path, JSON.stringify(record));
}

/** The engine in a record, unless it is another one's, too old, or none. */
export function parseProbe(text: string, key: string, nowMs: number): ProbedEngine | undefined {
  const value: unknown = JSON.parse(text);
  if (!isProbeRecord(value) || value.key !== key) return undefined;
  const ageMs = nowMs - value.probedAtMs;
  if (ageMs < 0 || ageMs > PROBE_CACHE_MS) return undefined;
  const { key: _key, probedAtMs: _probedAtMs, ...engine } = value;
  return {
    ...engine,
    llamaServerFlags: new Set(engine.llamaServerFlags),
    rpcServerFlags: new Set(engine.rpcServerFlags),
  };
}

function isProbeRecord(value: unknown): value is ProbeRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Record<keyof ProbeRecord, unknown>;
  const texts = [
    record.key,
    record.llamaServer,
    record.rpcServer,
    record.build,
    record.rpcProtocol,
  ];
  const lists = [record.llamaServerFlags, record.rpcServerFlags];
  return texts.every(isString) && typeof record.probedAtMs === "number" &&
    lists.every((list) => Array.isArray(list) && list.every(isString)) &&
    Array.isArray(record.devices) && record.devices.every(isDevice);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isDevice(value: unknown): value is EngineDevice {
  if (typeof value !== "object" || value === null) return false;
  const { name, description, kind, totalBytes, freeBytes } = value as Record<
    keyof EngineDevice,
    unknown
  >;
  return isString(name) && isString(description) && KINDS.includes(kind as DeviceKind) &&
    typeof totalBytes === "number" && typeof freeBytes === "number";
}
