import { z } from "zod";
import { parseAddress } from "./addresses.ts";
import { encodeCbor } from "./cbor.ts";
import {
  MAX_ADDRESSES,
  MAX_ANNOUNCED_DEMANDS,
  MAX_ANNOUNCED_MODELS,
  MAX_ANNOUNCED_RTTS,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_WORKERS,
} from "./defaults.ts";
import {
  asDisplayName,
  displayName,
  modelName,
  peerIdText,
  versionNumber,
  versionText,
} from "./names.ts";
import type { Announcement } from "./types.ts";

/** A petabyte, so that the sum of a thousand is still exact. */
const bytes = z.number().int().min(0).max(2 ** 50);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const share = z.number().min(0).max(1);
const proportion = z.number().min(0).max(2 ** 50);
const term = z.number().int().min(0).max(2 ** 50);
const state = z.enum(["loading", "warm", "waiting"]);
const mode = z.enum(["solo", "split"]);
const claimReason = z.enum(["memory", "unserved", "download", "room", "hot", "spare", "split"]);
const activeRole = z.enum(["host", "worker", "standby"]);

export const addressList: z.ZodType<string[]> = z
  .array(z.string().max(160).refine((text) => parseAddress(text) !== undefined))
  .max(MAX_ADDRESSES);

export const deviceSchema = z.object({
  name: displayName,
  totalBytes: bytes,
  offeredBytes: bytes,
  usedBytes: bytes,
});

const modelRef = z.object({ name: modelName, fingerprint });

const workerShares = z.array(z.object({ peer: peerIdText, share })).max(MAX_WORKERS);

const instanceSchema = z.object({
  model: modelRef,
  sizeBytes: bytes,
  contextLength: z.number().int().min(0).max(2 ** 31),
  mode,
  state,
  term,
  hostShare: share,
  workers: workerShares,
  needBytes: bytes,
  haveBytes: bytes,
});

/** An instance as the routing table lists it. */
export const routeInstanceSchema = instanceSchema.extend({ host: peerIdText });

/** A node as the routing table lists it. */
export const routeNodeSchema = z.object({
  peer: peerIdText,
  name: displayName,
  role: activeRole,
  model: modelName.nullable(),
  claim: modelName.nullable(),
  memoryBytes: bytes,
  devices: z.array(deviceSchema).max(64),
  addresses: addressList,
  version: versionText,
});

export const announcementSchema: z.ZodType<Announcement> = z.object({
  peer: peerIdText,
  incarnation: versionNumber,
  seq: versionNumber,
  addresses: addressList,
  rttsMs: boundedRecord(z.number().min(0).max(2 ** 20), MAX_ANNOUNCED_RTTS),
  name: displayName,
  version: versionText,
  role: activeRole,
  memoryBytes: bytes,
  devices: z.array(deviceSchema).max(64),
  models: z.array(modelRef.extend({ sizeBytes: bytes, needBytes: bytes })).max(
    MAX_ANNOUNCED_MODELS,
  ),
  wanted: z.array(modelName).max(MAX_ANNOUNCED_MODELS),
  target: modelRef.nullable(),
  split: z.boolean(),
  // Nodes of an earlier version do not say it.
  tensorSplit: z.array(proportion).min(2).max(MAX_WORKERS + 1).nullable().default(null),
  assignable: z.boolean(),
  claim: z.object({ model: modelName, reason: claimReason }).nullable(),
  refuses: z.array(modelName).max(MAX_ANNOUNCED_MODELS),
  downloadBytes: bytes,
  demand: z.record(modelName, z.number().positive()).refine(
    (demand) => Object.keys(demand).length <= MAX_ANNOUNCED_DEMANDS,
  ),
  instance: instanceSchema.nullable(),
  obeys: z.object({ host: peerIdText, term, ready: z.boolean() }).nullable(),
  engine: z.object({ build: versionText, rpcProtocol: versionText }).nullable(),
  tunnelPorts: boundedRecord(z.number().int().min(1).max(65_535), 256),
});

/**
 * Makes an announcement fit what others accept: names that people chose are shortened, and where it
 * is too many bytes the last of its models are left out.
 */
export function fitAnnouncement(announcement: Announcement): Announcement {
  let fitted: Announcement = {
    ...announcement,
    name: asDisplayName(announcement.name),
    devices: announcement.devices.map((d) => ({ ...d, name: asDisplayName(d.name) })),
    models: announcement.models.slice(0, MAX_ANNOUNCED_MODELS),
    addresses: announcement.addresses.slice(0, MAX_ADDRESSES),
  };
  // Nothing else that is bounded comes near the limit, so most are never encoded for their size.
  while (
    fitted.models.length > FEW_MODELS && encodeCbor(fitted).byteLength > MAX_BODY_BYTES
  ) {
    fitted = { ...fitted, models: fitted.models.slice(0, Math.floor(fitted.models.length * 0.75)) };
  }
  return fitted;
}

/** Their names and numbers are 30 kB at most. */
const FEW_MODELS = 100;

/** The envelope's certificates and signature need the rest. */
const MAX_BODY_BYTES = MAX_ANNOUNCEMENT_BYTES - 8_192;

function boundedRecord<T>(value: z.ZodType<T>, max: number): z.ZodType<Record<string, T>> {
  return z.record(peerIdText, value).refine((record) => Object.keys(record).length <= max);
}
