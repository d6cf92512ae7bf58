/** How a node of version 0.1.0 reads certificates, announcements and the routing table: a copy that stays what it is. */

import { z } from "zod";

/** The content of a certificate. */
export const earlierCertificate = z.tuple([
  z.instanceof(Uint8Array),
  z.enum(["node", "invite"]),
  z.enum(["member", "client"]),
  z.boolean(),
  z.string().nullable(),
  z.number().int().nullable(),
  z.instanceof(Uint8Array),
]);

const model = z.object({ name: z.string(), fingerprint: z.string() });
const term = z.number().int();
const peer = z.string();
const names = z.array(z.string());
const device = z.object({
  name: z.string(),
  totalBytes: z.number(),
  offeredBytes: z.number(),
  usedBytes: z.number(),
});
const instance = z.object({
  model,
  sizeBytes: z.number(),
  contextLength: z.number(),
  mode: z.string(),
  state: z.string(),
  term,
  hostShare: z.number(),
  workers: z.array(z.object({ peer, share: z.number() })),
  needBytes: z.number(),
  haveBytes: z.number(),
});
const failures = z.array(z.object({ model: z.string(), reason: z.string() }));

export const earlierAnnouncement = z.object({
  peer,
  incarnation: z.number(),
  seq: z.number(),
  addresses: names,
  rttsMs: z.record(peer, z.number()),
  name: z.string(),
  version: z.string(),
  role: z.string(),
  memoryBytes: z.number(),
  devices: z.array(device),
  models: z.array(model.extend({ sizeBytes: z.number(), needBytes: z.number() })),
  wanted: names,
  target: model.nullable(),
  split: z.boolean(),
  tensorSplit: z.array(z.number()).nullable(),
  assignable: z.boolean(),
  claim: z.object({ model: z.string(), reason: z.string() }).nullable(),
  refuses: names,
  dropped: names,
  failures,
  downloadBytes: z.number(),
  demand: z.record(z.string(), z.number()),
  instance: instance.nullable(),
  obeys: z.object({ host: peer, term, ready: z.boolean() }).nullable(),
  engine: z.object({ build: z.string(), rpcProtocol: z.string() }).nullable(),
  tunnelPorts: z.record(peer, z.number()),
});

export const earlierTable = z.object({
  version: z.string(),
  instances: z.array(instance.extend({ host: peer })),
  wanted: names,
  lost: names,
  nodes: z.array(z.object({
    peer,
    name: z.string(),
    role: z.string(),
    model: z.string().nullable(),
    claim: z.string().nullable(),
    why: z.string().nullable(),
    failures,
    dropped: names,
    holds: names.nullable(),
    memoryBytes: z.number(),
    devices: z.array(device),
    addresses: names,
    version: z.string(),
    rpcProtocol: z.string().exactOptional(),
  })),
  partial: z.boolean(),
});
