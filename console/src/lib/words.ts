/** Sentences about machines and models. Pure. */

import {
  countOf,
  displayName,
  formatBytes,
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
} from "./mesh_view.ts";

/** The current work of a machine. */
export function doing({ role, passive, parts }: Machine): string {
  if (role === "client") return "Uses the mesh and computes nothing itself";
  if (passive) return "Free, and joins in when the mesh needs it";
  return parts.length === 0 ? "Free to help" : parts.map(doingPart).join(". ");
}

function doingPart(part: Part): string {
  if (part.state === "waiting") return `Waits for memory for ${part.model}`;
  if (part.state === "failed") return `Can't load ${part.model}`;
  const verb = part.state === "warm" ? "Runs" : "Loads";
  if (part.mode === "solo") return `${verb} ${part.model} by itself`;
  const share = `${verb} ${formatPercent(part.percent)} of ${part.model}`;
  return part.as === "host" ? share : `${share} for ${part.hostName}`;
}

/** The same in a few words, for a place below a circle. */
export function briefly({ role, passive, parts, memory }: Machine): string {
  if (role === "client") return "client";
  if (passive) return "free";
  const [part, ...others] = parts;
  if (part === undefined) return `${formatBytes(memory.offeredBytes)} free`;
  return others.length === 0 ? partBriefly(part) : `${partBriefly(part)} +${others.length}`;
}

function partBriefly(part: Part): string {
  const model = shortName(part.model);
  if (part.state === "waiting") return `waits: ${model}`;
  if (part.state === "failed") return `fails: ${model}`;
  if (part.state === "loading") return `loads ${model}`;
  return part.mode === "split" ? `${part.as}, ${model}` : `runs ${model}`;
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

/** A machine's role, in the word that people read. */
export function roleText({ role }: Pick<Machine, "role">): string {
  return role === "standby" ? "free" : role;
}

export function memoryText({ usedBytes, offeredBytes, totalBytes }: Memory): string {
  const used = `${formatBytes(usedBytes)} used of ${formatBytes(offeredBytes)} offered`;
  return totalBytes > offeredBytes ? `${used}, ${formatBytes(totalBytes)} in all` : used;
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

/** The current state of a model, and its machines. */
export function modelText({ state, onDisk, instances, shortage, reason }: ModelView): string {
  const running = instances.filter((instance) => instance.state === state);
  const where = placement(running);
  switch (state) {
    case "warm":
      return where === "" ? "Answers now" : `Answers now, ${where}`;
    case "loading":
      return where === "" ? "Is being loaded" : `Is being loaded, ${where}`;
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
