import { z } from "zod";
import { isModelName } from "../../base/model_name.ts";
import { isPeerId } from "./keys.ts";
import { MAX_REASON_CHARS } from "./message_defaults.ts";
import type { PeerId } from "./peer_id.ts";

/** Names of models: docs/protocols.md. They become parts of paths and URLs, so nothing else is let in. */
export const modelName: z.ZodType<string> = z.string().refine(isModelName, "it is no model's name");

/** Names of nodes and devices: shown to people, so nothing that a terminal would obey, nobody sees, or ends a line. */
export const displayName: z.ZodType<string> = z
  .string().min(1).max(64).regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u);

/** Versions and builds. */
export const versionText: z.ZodType<string> = z.string().regex(/^[\w.+:-]{1,64}$/);

/** Of incarnations (epoch milliseconds) and sequence numbers that others may tell of a node. */
export const MAX_NOTICED_VERSION = 2 ** 44;

/** Nobody could tell the end of a life beyond what others may tell: see `openRecord`. */
export const versionNumber: z.ZodType<number> = z.number().int().min(0).max(2 ** 45);
export const noticedVersionNumber: z.ZodType<number> = z.number().int().min(0)
  .max(MAX_NOTICED_VERSION);

export const peerIdText: z.ZodType<PeerId> = z
  .string()
  .max(64)
  .refine((text): text is PeerId => isPeerId(text), "it is not a PeerId")
  .transform((text) => text as PeerId);

/** A sentence of another node as it may be shown: one line, without what a terminal would obey. */
export function asReason(text: string): string {
  // In one step: a space on either side of what is taken out is one space, however often the sentence is passed on.
  const printable = text.replaceAll(/[\p{C}\s]+/gu, (run) => /\s/.test(run) ? " " : "");
  return [...printable].slice(0, MAX_REASON_CHARS).join("");
}

/** The part of a name that people chose that fits `displayName`. */
export function asDisplayName(text: string): string {
  const printable = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return [...printable].slice(0, 32).join("") || "unnamed";
}

/** A build that another program told, or a word that stands for one that cannot be told. */
export function asVersionText(text: string): string {
  const told = text.replaceAll(/[^\w.+:-]/g, "").slice(0, 64);
  return told === "" ? "unknown" : told;
}
