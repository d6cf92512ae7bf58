/** Sentences about machines and models. Pure. */

import {
  countOf,
  displayName,
  formatBytes,
  formatContext,
  formatPercent,
  listNames,
  shortName,
} from "./format.ts";
import type {
  DeviceView,
  InstanceView,
  Machine,
  Memory,
  ModelView,
  Part,
  Shortage,
  Take,
} from "./mesh_shapes.ts";

/** The state of a model or of one of its copies, in the words that people read. */
export const STATE_TEXT: Record<ModelView["state"], string> = {
  warm: "ready",
  loading: "loading",
  turn: "waits its turn",
  waiting: "waiting",
  failed: "failed",
  cold: "not served",
};

/** The current work of a machine. */
export function doing({ role, passive, parts }: Machine): string {
  if (role === "client") return "Uses the mesh and computes nothing itself";
  if (passive) return "Free, and joins in when the mesh needs it";
  return parts.length === 0 ? "Free to help" : parts.map(doingPart).join(". ");
}

export function doingPart(part: Part): string {
  if (part.state === "waiting") return `Waits for memory for ${part.model}`;
  if (part.state === "failed") return `Can't load ${part.model}`;
  if (part.state === "turn") return `Ends another model first, then loads ${part.model}`;
  const verb = part.state === "warm" ? "Runs" : "Loads";
  if (part.mode === "solo") return `${verb} ${part.model} by itself`;
  const share = `${verb} ${formatPercent(part.percent)} of ${part.model}`;
  return part.as === "host" ? share : `${share} for ${part.hostName}`;
}

/** The same in a few words a line, for a place below a circle: all of it, as far as there are lines. */
export function briefly(machine: Machine, lines = Infinity): string[] {
  const { role, passive, parts, memory } = machine;
  if (role === "client") return ["client"];
  if (passive) return ["free"];
  if (parts.length === 0) return [`${formatBytes(memory.offeredBytes)} free`];
  if (parts.length <= lines) return parts.map(partBriefly);
  const shown = parts.slice(0, lines - 1).map(partBriefly);
  return [...shown, `+${parts.length - shown.length} more`];
}

/** The room between two machines of the picture, in letters. */
const LINE_CHARS = 16;

function partBriefly(part: Part): string {
  return shortName(deedOf(part), LINE_CHARS);
}

function deedOf({ state, mode, as, model }: Part): string {
  if (state === "waiting") return `waits: ${model}`;
  if (state === "failed") return `fails: ${model}`;
  if (state === "turn") return `next: ${model}`;
  if (state === "loading") return `loads ${model}`;
  return mode === "split" ? `${as}, ${model}` : `runs ${model}`;
}

/** A GPU with memory of its own is the usual one. */
export function deviceKind(kind: NonNullable<DeviceView["kind"]>): string {
  switch (kind) {
    case "discrete":
      return "GPU";
    case "integrated":
      return "GPU that shares main memory";
    case "software":
      return "software renderer";
    case "cpu":
      return "main memory";
  }
}

/** A machine's roles, in the words that people read. */
export function roleText({ role, parts }: Pick<Machine, "role" | "parts">): string {
  if (role === "standby") return "free";
  const others = parts.filter(({ state }) => state !== "waiting").map((part) => part.as);
  return listNames([...new Set([role, ...others])]);
}

export function memoryText({ usedBytes, offeredBytes, totalBytes }: Memory): string {
  const used = `${formatBytes(usedBytes)} used of ${formatBytes(offeredBytes)} offered`;
  return totalBytes > offeredBytes ? `${used}, ${formatBytes(totalBytes)} in all` : used;
}

/** A name in a legend stands in full in the list above it. */
const LEGEND_CHARS = 26;

/** "guide 8 GB": what one model takes of a device. */
export function takeText({ model, bytes }: Take): string {
  return `${shortName(model, LEGEND_CHARS)} ${formatBytes(bytes)}`;
}

/** Both numbers of a model that waits. */
export function shortageText(shortage: Shortage | null): string {
  if (shortage === null) return "The mesh has too little memory for it";
  const { needBytes, haveBytes } = shortage;
  return `Needs ${formatBytes(needBytes)}, ${formatBytes(haveBytes)} is free for it`;
}

/** "on studio and mini", "split over 2 machines", or both. */
function placement(instances: readonly InstanceView[]): string {
  const solo = instances.filter(({ mode }) => mode === "solo")
    .map(({ shares }) => shares[0]?.name ?? "");
  const split = instances.filter(({ mode }) => mode === "split")
    .map(({ shares }) => `split over ${countOf(shares.length, "machine")}`);
  return [...(solo.length > 0 ? [`on ${listNames(solo)}`] : []), ...split].join(", ");
}

/** "on studio", "split over 2 machines": one of several copies. */
export function instanceText(instance: InstanceView): string {
  return placement([instance]);
}

/** The room that each request has; `null` where that is not known, or nobody can ask yet. */
export function roomText({ state, contextLength, slots }: InstanceView): string | null {
  if (state !== "warm" || contextLength === null) return null;
  const context = `${formatContext(contextLength)} context`;
  return slots === null || slots === 1 ? context : `${context} for each of ${slots} at a time`;
}

/** One that waits until its machine has ended the answers of another model. */
function turnText(instances: readonly InstanceView[]): string {
  const waiting = instances.filter(({ state }) => state === "turn");
  const names = listNames(waiting.map(({ shares }) => shares[0]?.name ?? ""));
  const verb = waiting.length === 1 ? "ends" : "end";
  return names === ""
    ? "Is loaded once another model has had its turn with the memory"
    : `Is loaded once ${names} ${verb} what is being answered by another model`;
}

/** The current state of a model, and its machines. */
export function modelText({ state, onDisk, instances, shortage, reason }: ModelView): string {
  const running = instances.filter((instance) => instance.state === state);
  const where = placement(running);
  switch (state) {
    case "warm":
      return where === "" ? "Answers now" : `Answers now, ${where}`;
    case "loading":
      return where === "" ? "Is being loaded" : `Is being loaded, ${where}`;
    case "turn":
      return turnText(instances);
    case "waiting":
      return shortageText(shortage);
    case "failed":
      return `Can't be loaded. ${reason ?? "Its machine does not say why"}`;
    case "cold":
      if (reason !== null) return `Not served. ${reason}`;
      return onDisk ? "On this machine's disk" : "Elsewhere in the mesh";
  }
}

/** Names of models inside a sentence. */
export function modelNames(views: readonly ModelView[]): string {
  return listNames(views.map((view) => displayName(view.name)));
}
