import type { Fit, FitStop } from "../../api/mod.ts";
import type { FitView } from "./fit_mesh.ts";
import type { JudgedFit } from "./fit_now.ts";
import type { Occupant } from "./free_memory.ts";
import { poolsOf } from "./pools.ts";

/** The fit with a sentence for people. */
export function fitOf(fit: JudgedFit, view: FitView): Fit {
  const { kind, memory, needBytes, haveBytes, contextLength, largestContextLength } = fit;
  const nodes = fit.nodes.map(({ id, share }) => ({ id, share }));
  const names = new Map(view.members.map(({ peer, name }) => [peer, name]));
  const stops = fit.stops.map((one) => stopOf(one, names));
  const reason = reasonOf(fit, view, names);
  return {
    kind,
    memory,
    needBytes,
    haveBytes,
    contextLength,
    largestContextLength,
    nodes,
    stops,
    reason,
  };
}

type Names = ReadonlyMap<string, string>;

function stopOf({ host, model, isRunning, pinnedBy }: Occupant, names: Names): FitStop {
  return {
    host,
    machine: names.get(host) ?? "",
    model: model.name,
    fingerprint: isRunning ? model.fingerprint : null,
    running: isRunning,
    pinned: pinnedBy.length > 0,
  };
}

function reasonOf(fit: JudgedFit, view: FitView, names: Names): string {
  if (fit.kind === "none") return whyNot(fit, view);
  const where = whereOf(fit, view, names);
  // Figures that say otherwise would only confuse.
  if (fit.haveBytes < fit.needBytes) return `Fits ${where}: it runs there`;
  const figures = `needs ${gigabytes(fit.needBytes)} of ${gigabytes(fit.haveBytes)}`;
  const isShared = fit.haveBytes < fit.offeredBytes;
  if (fit.stops.length === 0) return `Fits ${where}: ${figures}${isShared ? " that is free" : ""}`;
  const stops = stopsText(fit.stops, view, names);
  return `Would fit ${where} if ${stops}: ${figures}${isShared ? " that would be free" : ""}`;
}

function whyNot(fit: JudgedFit, { members }: FitView): string {
  // Machines there are, and none of them runs it: more memory would not help.
  if (fit.haveBytes === 0 && members.length > 0) {
    return "Does not fit: no machine that has it may serve it";
  }
  return `Does not fit: needs ${gigabytes(fit.needBytes)}, and the machines that could share it ` +
    `have ${gigabytes(fit.haveBytes)}${remedyOf(fit)}`;
}

/** "tower stopped guide, which its user pinned", or "tower stopped guide (pinned by its user) and mini stopped chat". */
function stopsText(stops: readonly Occupant[], { self }: FitView, names: Names): string {
  const groups = Map.groupBy(stops, ({ host, isRunning }) => `${isRunning} ${host}`);
  const clauses = [...groups.values()].map((group) => {
    const [{ host, isRunning }] = group as [Occupant];
    const machine = host === self ? "this machine" : names.get(host) || "another machine";
    const models = group.map(({ model: { name }, pinnedBy }) => {
      if (pinnedBy.length === 0) return name;
      const pinner = pinnerOf(host, pinnedBy, names);
      return stops.length === 1
        ? `${name}, which ${pinner} pinned`
        : `${name} (pinned by ${pinner})`;
    });
    return `${machine} ${isRunning ? "stopped" : "gave up"} ${joined(models)}`;
  });
  return joined(clauses);
}

function pinnerOf(host: string, pinnedBy: readonly string[], names: Names): string {
  if (pinnedBy.includes(host)) return "its user";
  return `the user of ${names.get(pinnedBy[0] ?? "") || "another machine"}`;
}

function joined(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
}

function whereOf({ kind, memory, nodes }: JudgedFit, { self, members }: FitView, names: Names) {
  const [first] = nodes;
  const machines = kind === "solo"
    ? first?.id === self ? "this machine" : names.get(first?.id ?? "") || "another machine"
    : `${nodes.filter(({ share }) => share > 0).length} machines together`;
  if (memory === "gpu") return `the GPUs of ${machines}`;
  const counted = members.filter(({ peer }) => nodes.some(({ id }) => id === peer));
  const isMixed = counted.some((member) => poolsOf(member).gpuBytes > 0);
  return isMixed ? `${machines}, a part of it in main memory` : machines;
}

/** The least that would help: a shorter context costs nothing, so it is named first. */
function remedyOf({ needBytes, haveBytes, largestContextLength }: JudgedFit): string {
  if (needBytes <= haveBytes) return "";
  if (largestContextLength !== null) return `. With --ctx ${largestContextLength} it would fit`;
  const missing = gigabytes(needBytes - haveBytes);
  return `. Machines with ${missing} more would do, or a smaller quantization of it`;
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
