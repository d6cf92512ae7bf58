/** Announcements as they travel: docs/protocols.md. */

import { z } from "zod";
import { SLOTS_MAX } from "../../base/model_settings.ts";
import { isAlias } from "../../base/model_aliases.ts";
import { parseAddress } from "../base/addresses.ts";
import { byteCount, MAX_CONTEXT, MAX_RTT_MS, MAX_TERM } from "../base/bounds.ts";
import {
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_ALIASES,
  MAX_ANNOUNCED_DEMANDS,
  MAX_ANNOUNCED_DEVICES,
  MAX_ANNOUNCED_FAILURES,
  MAX_ANNOUNCED_MODELS,
  MAX_ANNOUNCED_PORTS,
  MAX_ANNOUNCED_RELAYS,
  MAX_ANNOUNCED_RTTS,
  MAX_AT_ONCE,
  MAX_WORKERS,
} from "../base/message_defaults.ts";
import { gatherMachine, machineFields, spreadMachine } from "../base/machine.ts";
import { asReason, displayName, modelName, peerIdText, versionNumber } from "../base/names.ts";
import { wordOf } from "../base/tolerant.ts";
import { distinct, moreOf, otherThanFirst, several } from "../base/several.ts";
import type {
  Announcement,
  HeldMemory,
  Instance,
  ModelRef,
  Obedience,
} from "../base/announcement.ts";

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const share = z.number().min(0).max(1);
const proportion = z.number().min(0).max(2 ** 50);
const term = z.number().int().min(0).max(MAX_TERM);
// Nobody asks an instance of a state that a later version knows, nor lends it memory.
const state = wordOf(["loading", "warm", "waiting"], "loading");
const mode = wordOf(["solo", "split"], "other");
export const CLAIM_REASONS = [
  "memory",
  "unserved",
  "download",
  "room",
  "hot",
  "spare",
  "split",
] as const;
const claimReason = wordOf(CLAIM_REASONS, "unserved");
export const failures = z.array(
  z.object({ model: modelName, reason: z.string().transform(asReason) }),
)
  .max(MAX_ANNOUNCED_FAILURES);
export const modelNames = z.array(modelName).max(MAX_ANNOUNCED_MODELS);
export const activeRole = wordOf(["host", "worker", "standby"], "standby");

/** An address of another transport than is spoken here is nothing that could be dialled, and is left out. */
export const addressList: z.ZodType<string[]> = z.array(z.string()).max(MAX_ADDRESSES)
  .transform((told) =>
    told.filter((text) => text.length <= MAX_ADDRESS_LENGTH && parseAddress(text) !== undefined)
  );

const relayPlace = z.object({ peer: peerIdText, addresses: addressList });

/** An odd one of a later version is no reason to miss the others. */
const relays = z.array(z.unknown()).catch([]).transform((told) =>
  told.slice(0, MAX_ANNOUNCED_RELAYS).flatMap((one) => relayPlace.safeParse(one).data ?? [])
);

export const modelRef = z.object({ name: modelName, fingerprint });

const aliasSchema = z.object({ alias: z.string().refine(isAlias), model: modelRef });

/** Nodes of an earlier version do not say it; an odd one of a later version is no reason to miss the others. */
export const aliases = z.array(z.unknown()).catch([]).transform((told) =>
  told.slice(0, MAX_ANNOUNCED_ALIASES).flatMap((one) => aliasSchema.safeParse(one).data ?? [])
);

const workerShares = z.array(z.object({ peer: peerIdText, share })).max(MAX_WORKERS);

export const instanceFields = z.object({
  model: modelRef,
  sizeBytes: byteCount,
  contextLength: z.number().int().min(0).max(MAX_CONTEXT),
  slots: z.number().int().min(1).max(SLOTS_MAX).exactOptional(),
  mode,
  state,
  term,
  hostShare: share,
  workers: workerShares,
  needBytes: byteCount,
  haveBytes: byteCount,
  askedAtMs: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional(),
});

const instanceSchema = instanceFields.transform(asKnownMode);
const tunnelPorts = boundedRecord(z.number().int().min(1).max(65_535), MAX_ANNOUNCED_PORTS);

const claim = z.object({ model: modelName, reason: claimReason });
// Nodes of an earlier version do not say of which model.
const obedience = z.object({
  host: peerIdText,
  term,
  ready: z.boolean(),
  model: modelRef.exactOptional(),
});

const heldMemory = z.object({
  model: modelRef,
  devices: z.array(z.object({
    name: displayName,
    bytes: byteCount,
    spareBytes: byteCount.exactOptional(),
  })).max(MAX_ANNOUNCED_DEVICES),
});

// Nodes of an earlier version do not say it.
export const reservations = z.array(heldMemory).max(MAX_AT_ONCE).default([])
  .transform((told) => distinct(told, heldKey));

/** See `several.ts`. */
const more = z.object({
  targets: otherThanFirst(modelRef),
  claims: otherThanFirst(claim),
  instances: otherThanFirst(
    instanceFields.extend({ tunnelPorts: tunnelPorts.exactOptional() }).transform(asKnownMode),
  ),
  obeys: otherThanFirst(obedience),
});

const wireSchema = z.object({
  ...machineFields,
  peer: peerIdText,
  incarnation: versionNumber,
  seq: versionNumber,
  addresses: addressList,
  relays: relays.exactOptional(),
  rttsMs: boundedRecord(z.number().min(0).max(MAX_RTT_MS), MAX_ANNOUNCED_RTTS),
  role: activeRole,
  memoryBytes: byteCount,
  models: z.array(modelRef.extend({ sizeBytes: byteCount, needBytes: byteCount })).max(
    MAX_ANNOUNCED_MODELS,
  ),
  aliases,
  wanted: modelNames,
  asked: modelNames.exactOptional(),
  turns: modelNames.exactOptional(),
  target: modelRef.nullable(),
  split: z.boolean(),
  // Nodes of an earlier version do not say it.
  tensorSplit: z.array(proportion).min(2).max(MAX_WORKERS + 1).nullable().default(null),
  assignable: z.boolean(),
  claim: claim.nullable(),
  refuses: modelNames,
  // Nodes of an earlier version do not say it.
  dropped: modelNames.default([]),
  failures: failures.default([]),
  downloadBytes: byteCount,
  demand: z.record(modelName, z.number().positive()).refine(
    (demand) => Object.keys(demand).length <= MAX_ANNOUNCED_DEMANDS,
  ),
  instance: instanceSchema.nullable(),
  obeys: obedience.nullable(),
  reservations,
  more: more.default(more.parse({})),
  // Of the first instance: nodes of an earlier version read them here, and have no other.
  tunnelPorts,
});

/** Reads a node's announcement. */
export const announcementSchema: z.ZodType<Announcement> = wireSchema.transform(
  ({ target, claim, instance, obeys, tunnelPorts, more, ...told }) =>
    gatherMachine({
      ...told,
      targets: several(target, more.targets, modelKey),
      claims: several(claim, more.claims, ({ model }) => model),
      instances: several(instance && withPorts(instance, tunnelPorts), more.instances, instanceKey),
      obeys: several(obeys, more.obeys, obedienceKey),
    }),
);

/** The same as it is told. */
export function announcementToWire(
  { targets, claims, instances: all, obeys, reservations, aliases, ...told }: Announcement,
): object {
  const { first, tunnelPorts } = withoutPorts(all[0]);
  const instances = first === null ? all : [first, ...all.slice(1)];
  return {
    ...spreadMachine(told),
    target: targets[0] ?? null,
    claim: claims[0] ?? null,
    instance: first,
    obeys: obeys[0] ?? null,
    ...(reservations.length === 0 ? {} : { reservations }),
    ...(aliases.length === 0 ? {} : { aliases }),
    tunnelPorts,
    ...moreOf({ targets, claims, instances, obeys }),
  };
}

export function modelKey({ name, fingerprint }: ModelRef): string {
  return `${fingerprint} ${name}`;
}

/** A gateway tells the instances of one node apart by their models. */
export function instanceKey({ model }: Pick<Instance, "model">): string {
  return modelKey(model);
}

export function heldKey({ model }: HeldMemory): string {
  return modelKey(model);
}

export function obedienceKey({ host, term, model }: Obedience): string {
  return `${term} ${host} ${model === undefined ? "" : modelKey(model)}`;
}

/** An instance says nothing of ports that it has not. */
export function withPorts(
  instance: Instance,
  tunnelPorts: Readonly<Record<string, number>>,
): Instance {
  return Object.keys(tunnelPorts).length === 0 ? instance : { ...instance, tunnelPorts };
}

function withoutPorts(instance: Instance | undefined) {
  if (instance === undefined) return { first: null, tunnelPorts: {} };
  const { tunnelPorts = {}, ...first } = instance;
  return { first, tunnelPorts };
}

/**
 * The work of workers in a mode of a later version is unknown here: its host answers for the whole, and no worker
 * obeys.
 */
export function asKnownMode<T extends z.infer<typeof instanceFields>>({ mode, ...instance }: T) {
  return mode === "other"
    ? { ...instance, mode: "solo" as const, hostShare: 1, workers: [] }
    : { ...instance, mode };
}

function boundedRecord<T>(value: z.ZodType<T>, max: number): z.ZodType<Record<string, T>> {
  return z.record(peerIdText, value).refine((record) => Object.keys(record).length <= max);
}
