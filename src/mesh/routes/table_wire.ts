/** The routing table as it travels: docs/protocols.md. */

import { z } from "zod";
import { byteCount } from "../base/bounds.ts";
import { MAX_MEMBERS } from "../base/defaults.ts";
import {
  MAX_TABLE_FILES,
  MAX_TABLE_NAMESAKES,
  MAX_TABLE_WANTED,
} from "../base/message_defaults.ts";
import { type EngineBuild, gatherMachine, machineFields, spreadMachine } from "../base/machine.ts";
import { modelName, peerIdText, versionText } from "../base/names.ts";
import { moreOf, otherThanFirst, several } from "../base/several.ts";
import type { RouteNode, RoutingTable } from "../base/table.ts";
import {
  activeRole,
  addressList,
  aliases,
  asKnownMode,
  CLAIM_REASONS,
  failures,
  instanceFields,
  modelNames,
  modelRef,
  reservations,
} from "../gossip/announcement_wire.ts";

export const tableVersion: z.ZodType<string> = z.string().regex(/^[0-9a-f]{16}$/);

const routeInstance = instanceFields.extend({ host: peerIdText }).transform(asKnownMode);

// Nodes of an earlier version do not say it, and a later one may know further reasons.
const why = z.enum([...CLAIM_REASONS, "told"]).nullable().catch(null);

/** See `several.ts`. */
const more = z.object({
  targets: otherThanFirst(z.object({ model: modelName, why })),
  claims: otherThanFirst(modelName),
});

const nodeFields = z.object({
  ...machineFields,
  peer: peerIdText,
  role: activeRole,
  model: modelName.nullable(),
  claim: modelName.nullable(),
  why,
  more: more.default(more.parse({})),
  // Of nodes of an earlier version nothing of this is known.
  failures: failures.default([]),
  dropped: modelNames.default([]),
  holds: modelNames.nullable().default(null),
  turns: modelNames.exactOptional(),
  reservations,
  aliases,
  memoryBytes: byteCount,
  addresses: addressList,
  // All that nodes of an earlier version say, and read, of a machine's llama.cpp.
  rpcProtocol: versionText.exactOptional(),
});

const routeNode = nodeFields.transform((told) => {
  const { rpcProtocol, engine, model, why, claim, more, ...node } = told;
  const target = model === null ? null : { model, why };
  return gatherMachine({
    ...node,
    engine: engine ?? engineOf(rpcProtocol),
    targets: several(target, more.targets, ({ model }) => model),
    claims: several(claim, more.claims, (name) => name),
  });
});

/** Fields that nodes of an earlier version do not send are empty. */
export const tableSchema: z.ZodType<RoutingTable> = z.object({
  version: tableVersion,
  instances: z.array(routeInstance).max(MAX_MEMBERS),
  wanted: z.array(modelName).max(MAX_TABLE_WANTED),
  asked: z.array(modelName).max(MAX_TABLE_WANTED).exactOptional(),
  files: z.array(modelRef.extend({ sizeBytes: byteCount, onRequest: z.boolean() }))
    .max(MAX_TABLE_FILES).exactOptional(),
  lost: z.array(modelName).max(MAX_TABLE_WANTED).default([]),
  nodes: z.array(routeNode).max(MAX_MEMBERS),
  namesakes: z.array(modelRef).max(MAX_TABLE_NAMESAKES).default([]),
  partial: z.boolean().default(false),
});

export function tableToWire({ nodes, ...table }: RoutingTable): object {
  return { ...table, nodes: nodes.map(nodeToWire) };
}

export function nodeToWire({ targets, claims, reservations, aliases, ...node }: RouteNode): object {
  const { engine } = node.machine;
  return {
    ...spreadMachine(node),
    ...(reservations.length === 0 ? {} : { reservations }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(engine === null ? {} : { rpcProtocol: engine.rpcProtocol }),
    model: targets[0]?.model ?? null,
    why: targets[0]?.why ?? null,
    claim: claims[0] ?? null,
    ...moreOf({ targets, claims }),
  };
}

function engineOf(rpcProtocol: string | undefined): EngineBuild | null {
  return rpcProtocol === undefined ? null : { build: "unknown", rpcProtocol, origin: null };
}
