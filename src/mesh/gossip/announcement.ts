import { z } from "zod";
import { parseAddress } from "../base/addresses.ts";
import {
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_DEMANDS,
  MAX_ANNOUNCED_DEVICES,
  MAX_ANNOUNCED_FAILURES,
  MAX_ANNOUNCED_MODELS,
  MAX_ANNOUNCED_PORTS,
  MAX_ANNOUNCED_RTTS,
  MAX_WORKERS,
} from "../base/defaults.ts";
import {
  asReason,
  displayName,
  modelName,
  peerIdText,
  versionNumber,
  versionText,
} from "../base/names.ts";
import { wordOf } from "../base/tolerant.ts";
import type { Announcement } from "../base/types.ts";

/** A petabyte, so that the sum of a thousand is still exact. */
export const MAX_BYTES = 2 ** 50;
export const MAX_TERM = 2 ** 50;
export const MAX_CONTEXT = 2 ** 31;
export const MAX_RTT_MS = 2 ** 20;

const bytes = z.number().int().min(0).max(MAX_BYTES);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const share = z.number().min(0).max(1);
const proportion = z.number().min(0).max(2 ** 50);
const term = z.number().int().min(0).max(MAX_TERM);
// Nobody asks an instance of a state that a later version knows, nor lends it memory.
const state = wordOf(["loading", "warm", "waiting"], "loading");
const mode = wordOf(["solo", "split"], "other");
const CLAIM_REASONS = ["memory", "unserved", "download", "room", "hot", "spare", "split"] as const;
const claimReason = wordOf(CLAIM_REASONS, "unserved");
const failures = z.array(z.object({ model: modelName, reason: z.string().transform(asReason) }))
  .max(MAX_ANNOUNCED_FAILURES);
const modelNames = z.array(modelName).max(MAX_ANNOUNCED_MODELS);
const activeRole = wordOf(["host", "worker", "standby"], "standby");

/** An address of another transport than is spoken here is nothing that could be dialled, and is left out. */
const addressList: z.ZodType<string[]> = z.array(z.string()).max(MAX_ADDRESSES)
  .transform((told) =>
    told.filter((text) => text.length <= MAX_ADDRESS_LENGTH && parseAddress(text) !== undefined)
  );

export const deviceSchema = z.object({
  name: displayName,
  totalBytes: bytes,
  offeredBytes: bytes,
  usedBytes: bytes,
});

const modelRef = z.object({ name: modelName, fingerprint });

const workerShares = z.array(z.object({ peer: peerIdText, share })).max(MAX_WORKERS);

const instanceFields = z.object({
  model: modelRef,
  sizeBytes: bytes,
  contextLength: z.number().int().min(0).max(MAX_CONTEXT),
  mode,
  state,
  term,
  hostShare: share,
  workers: workerShares,
  needBytes: bytes,
  haveBytes: bytes,
});

const instanceSchema = instanceFields.transform(asKnownMode);

/** An instance as the routing table lists it. */
export const routeInstanceSchema = instanceFields.extend({ host: peerIdText })
  .transform(asKnownMode);

/** A node as the routing table lists it. */
export const routeNodeSchema = z.object({
  peer: peerIdText,
  name: displayName,
  role: activeRole,
  model: modelName.nullable(),
  claim: modelName.nullable(),
  // Of nodes of an earlier version nothing of this is known, and a later one may know further reasons.
  why: z.enum([...CLAIM_REASONS, "told"]).nullable().catch(null),
  failures: failures.default([]),
  dropped: modelNames.default([]),
  holds: modelNames.nullable().default(null),
  memoryBytes: bytes,
  devices: z.array(deviceSchema).max(MAX_ANNOUNCED_DEVICES),
  addresses: addressList,
  version: versionText,
  rpcProtocol: versionText.exactOptional(),
});

export const announcementSchema: z.ZodType<Announcement> = z.object({
  peer: peerIdText,
  incarnation: versionNumber,
  seq: versionNumber,
  addresses: addressList,
  rttsMs: boundedRecord(z.number().min(0).max(MAX_RTT_MS), MAX_ANNOUNCED_RTTS),
  name: displayName,
  version: versionText,
  role: activeRole,
  memoryBytes: bytes,
  devices: z.array(deviceSchema).max(MAX_ANNOUNCED_DEVICES),
  models: z.array(modelRef.extend({ sizeBytes: bytes, needBytes: bytes })).max(
    MAX_ANNOUNCED_MODELS,
  ),
  wanted: modelNames,
  target: modelRef.nullable(),
  split: z.boolean(),
  // Nodes of an earlier version do not say it.
  tensorSplit: z.array(proportion).min(2).max(MAX_WORKERS + 1).nullable().default(null),
  assignable: z.boolean(),
  claim: z.object({ model: modelName, reason: claimReason }).nullable(),
  refuses: modelNames,
  // Nodes of an earlier version do not say it.
  dropped: modelNames.default([]),
  failures: failures.default([]),
  downloadBytes: bytes,
  demand: z.record(modelName, z.number().positive()).refine(
    (demand) => Object.keys(demand).length <= MAX_ANNOUNCED_DEMANDS,
  ),
  instance: instanceSchema.nullable(),
  obeys: z.object({ host: peerIdText, term, ready: z.boolean() }).nullable(),
  engine: z.object({ build: versionText, rpcProtocol: versionText }).nullable(),
  tunnelPorts: boundedRecord(z.number().int().min(1).max(65_535), MAX_ANNOUNCED_PORTS),
});

/** What workers do in a mode of a later version is not known here: its host answers for the whole, and nobody obeys. */
function asKnownMode<T extends z.infer<typeof instanceFields>>({ mode, ...instance }: T) {
  return mode === "other"
    ? { ...instance, mode: "solo" as const, hostShare: 1, workers: [] }
    : { ...instance, mode };
}

function boundedRecord<T>(value: z.ZodType<T>, max: number): z.ZodType<Record<string, T>> {
  return z.record(peerIdText, value).refine((record) => Object.keys(record).length <= max);
}
