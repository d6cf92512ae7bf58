/** Problems that a running node can see, each with a remedy. Pure. */

import { differingVersions } from "../../base/differing_versions.ts";
import { Aliases } from "../../base/model_aliases.ts";
import type { Finding } from "../../api/mod.ts";
import {
  type EngineAdvice,
  type LostDevice,
  sameEngineRemedy,
  type SpeakingMachine,
} from "../../engine/mod.ts";
import type { MemberRole, PeerId, RouteInstance, RouteNode, RoutingTable } from "../../mesh/mod.ts";
import { CLOCK_TOLERANCE_MS, LOW_DISK_BYTES, SPLIT_RTT_LIMIT_MS } from "../plan/defaults.ts";
import { gigabytes } from "../plan/fit_words.ts";
import { idsOf } from "../plan/table_ids.ts";
import type { CappedModel } from "./capped_models.ts";
import { lostNote } from "../serving/model_places.ts";

/** A finding, and what makes it the same one while the figures, and words of others, in its sentence change. */
export interface NodeFinding extends Finding {
  /** Machines, models and places that it names; the log has it again where another one comes. */
  readonly subjects: readonly string[];
}

export interface FindingsInput {
  readonly self: PeerId;
  readonly version: string;
  /** The version of a newer release, where one was found. */
  readonly newerRelease: string | null;
  readonly role: MemberRole;
  readonly routes: RoutingTable;
  /** This node's own, with `/p2p/`. */
  readonly addresses: readonly string[];
  /** Round trip between two members where one of them has told it. */
  readonly distanceMs: (a: PeerId, b: PeerId) => number | undefined;
  /** When a member started, by its own clock. */
  readonly startedMs: (peer: PeerId) => number | undefined;
  /** Whether its llama.cpp is the best for this machine; `null` without one. */
  readonly engineAdvice: EngineAdvice | null;
  /** The models of this node that get a shorter context than was asked for. */
  readonly capped: readonly CappedModel[];
  /** The devices of this machine that it does without since they were lost. */
  readonly lostDevices: readonly LostDevice[];
  /** The variable for the sake of which it makes no connections of the wide lane; `null` where it makes them, or should not. */
  readonly ownAuthorities: string | null;
  readonly dataDir: string;
  /** `null` where the disk does not say. */
  readonly freeBytes: number | null;
  readonly nowMs: number;
}

/** The gravest first. */
export function findingsOf(input: FindingsInput): NodeFinding[] {
  const waiting = input.routes.instances.filter(({ state }) => state === "waiting")
    .flatMap((instance) => whyNobodyHelps(instance, input));
  const found = [
    ...failures(input),
    ...losses(input),
    ...waiting,
    ...clocks(input),
    ...(waiting.length > 0 ? [] : protocols(input)),
    ...versions(input),
    ...addresses(input),
    ...aliases(input),
    ...contexts(input),
    ...gpus(input),
    ...lane(input),
    ...disk(input),
    ...release(input),
  ];
  return found.sort((a, b) => Number(b.level === "problem") - Number(a.level === "problem"));
}

/** A node that should serve a model failed, and says why. */
function failures({ routes }: FindingsInput): NodeFinding[] {
  return routes.nodes.flatMap(({ peer, machine: { name }, failures }) =>
    failures.map(({ model, reason }): NodeFinding => ({
      about: "failed",
      subjects: [`${model} ${peer}`],
      level: "problem",
      found: `${model} can't be loaded on ${name}: ${reason}`,
      remedy:
        "Repair or replace the file that it names, and the model is tried again at once; or serve another model there",
    }))
  );
}

/** It costs only a node with company something. */
function lane({ ownAuthorities: variable, routes, self }: FindingsInput): NodeFinding[] {
  const hasCompany = routes.nodes.some(({ peer }) => peer !== self);
  if (variable === null || !hasCompany) return [];
  return [{
    about: "wide-lane",
    subjects: [variable],
    level: "warning",
    found:
      `This node trusts the certificate authorities of ${variable}, which could vouch for somebody in ` +
      "between, so it sends RPC and files over QUIC, which is slower than the wide lane",
    remedy:
      `Start it without ${variable}, or with --no-wide-lane, which is the same without this warning`,
  }];
}

function losses({ lostDevices }: FindingsInput): NodeFinding[] {
  return lostDevices.map((device): NodeFinding => ({
    about: "gpu",
    subjects: [`lost ${device.name}`],
    level: "problem",
    found: lostNote(device),
    remedy:
      "Look at its heat, its power and its driver's messages (dmesg on Linux), then start mesh-llm anew, " +
      "which uses it again",
  }));
}

/** A model waits for memory, and these machines have some that its host can't use. */
function whyNobodyHelps(instance: RouteInstance, input: FindingsInput): NodeFinding[] {
  const host = input.routes.nodes.find(({ peer }) => peer === instance.host);
  if (host === undefined) return [];
  const others = input.routes.nodes.filter(({ peer, memoryBytes }) =>
    peer !== host.peer && memoryBytes > 0
  );
  return [
    ...otherProtocols(instance, host, others, input),
    ...tooFar(instance, host, others, input),
  ];
}

function otherProtocols(
  { model }: RouteInstance,
  host: RouteNode,
  others: readonly RouteNode[],
  { routes, self }: FindingsInput,
): NodeFinding[] {
  const name = idsOf(routes).idOf(model);
  const strangers = others.filter((other) => speaksAnother(host, other));
  if (strangers.length === 0) return [];
  const spoken = groupNames([host, ...strangers], rpcProtocolOf).join(", ");
  return [{
    about: "waiting",
    subjects: strangers.map(({ peer }) => `${name} protocol ${peer}`),
    level: "problem",
    found: `${name} waits for memory, and ${lenders(strangers)} can't lend theirs: ` +
      `llama.cpp's RPC protocol is ${spoken}`,
    remedy: sameEngineRemedy(routes.nodes.flatMap(asSpeaking), self),
  }];
}

function tooFar(
  { model }: RouteInstance,
  host: RouteNode,
  others: readonly RouteNode[],
  { routes, distanceMs }: FindingsInput,
): NodeFinding[] {
  const name = idsOf(routes).idOf(model);
  const far = others.filter((other) =>
    !speaksAnother(host, other) && (distanceMs(host.peer, other.peer) ?? 0) > SPLIT_RTT_LIMIT_MS
  );
  if (far.length === 0) return [];
  return [{
    about: "waiting",
    subjects: far.map(({ peer }) => `${name} distance ${peer}`),
    level: "problem",
    found: `${name} waits for memory, and ${lenders(far)} can't lend theirs: ` +
      `more than ${SPLIT_RTT_LIMIT_MS} ms away from ${host.machine.name}, which is too far for a split`,
    remedy: "Serve it with machines that are nearer to each other, or serve a smaller model",
  }];
}

function asSpeaking(node: RouteNode): SpeakingMachine[] {
  const rpcProtocol = rpcProtocolOf(node);
  return rpcProtocol === undefined ? [] : [{ id: node.peer, name: node.machine.name, rpcProtocol }];
}

/** With the memory that goes unused. */
function lenders(nodes: readonly RouteNode[]): string {
  return nodes.map(({ machine, memoryBytes }) => `${machine.name} (${memoryText(memoryBytes)})`)
    .join(", ");
}

function memoryText(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : gigabytes(bytes);
}

function speaksAnother(a: RouteNode, b: RouteNode): boolean {
  const [one, other] = [rpcProtocolOf(a), rpcProtocolOf(b)];
  return one !== undefined && other !== undefined && one !== other;
}

function rpcProtocolOf({ machine }: RouteNode): string | undefined {
  return machine.engine?.rpcProtocol;
}

/** Nothing waits for it yet: a model that needs both will. */
function protocols({ routes, self }: FindingsInput): NodeFinding[] {
  const spoken = groupNames(routes.nodes, rpcProtocolOf);
  if (spoken.length < 2) return [];
  return [{
    about: "rpc-protocol",
    // Not the machines: another one that joins a mesh of two protocols is no news.
    subjects: [...new Set(routes.nodes.flatMap((node) => rpcProtocolOf(node) ?? []))],
    level: "warning",
    found: `These machines can't share a model, for the RPC protocol of their llama.cpp differs: ${
      spoken.join("; ")
    }`,
    remedy: sameEngineRemedy(routes.nodes.flatMap(asSpeaking), self),
  }];
}

function versions({ routes, self, version }: FindingsInput): NodeFinding[] {
  const others = routes.nodes.filter(({ peer }) => peer !== self);
  const differing = differingVersions(version, others.map(({ machine }) => machine));
  if (differing === null) return [];
  return [{
    about: "version",
    subjects: others.filter(({ machine }) => machine.version !== version)
      .map(({ peer, machine }) => `${peer} ${machine.version}`),
    level: "warning",
    ...differing,
  }];
}

function clocks({ routes, startedMs, nowMs }: FindingsInput): NodeFinding[] {
  const ahead = routes.nodes.filter(({ peer }) =>
    (startedMs(peer) ?? 0) > nowMs + CLOCK_TOLERANCE_MS
  );
  if (ahead.length === 0) return [];
  return [{
    about: "clock",
    subjects: ahead.map(({ peer }) => peer),
    level: "problem",
    found: `${namesOf(ahead)} started in the future: one of the clocks is wrong`,
    remedy: "Set the clock, or switch its synchronisation on",
  }];
}

function addresses({ role, addresses }: FindingsInput): NodeFinding[] {
  if (
    role === "client" || addresses.some((address) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address))
  ) {
    return [];
  }
  return [{
    about: "addresses",
    subjects: [""],
    level: "warning",
    found: "This node has no address that another machine could reach",
    remedy: "Connect this machine to a network before you invite another one",
  }];
}

/** A caller who uses it is refused, except at a node that gives it to one model itself. */
function aliases({ routes }: FindingsInput): NodeFinding[] {
  const { contested } = new Aliases([routes.nodes.flatMap((node) => node.aliases)]);
  const ids = idsOf(routes, contested.flatMap(({ models }) => models));
  return contested.slice(0, NAMES_SHOWN).map(({ alias, models }): NodeFinding => {
    const meant = models.map((model) => ids.idOf(model)).sort();
    const by = routes.nodes.filter((node) => node.aliases.some((one) => one.alias === alias));
    return {
      about: "alias",
      subjects: [`${alias} ${meant.join(" ")}`],
      level: "warning",
      found: `The alias ${alias} stands for ${meant.slice(0, NAMES_SHOWN).join(" and ")}: ` +
        `config.toml says so on ${namesOf(by)}`,
      remedy: "Give it to one model only, or ask for the models by their names",
    };
  });
}

/** Nothing is wrong with the model; but whoever asked for more should not believe that it is there. */
function contexts({ capped }: FindingsInput): NodeFinding[] {
  return capped.slice(0, NAMES_SHOWN).map(({ model, note, trained }): NodeFinding => ({
    about: "context",
    subjects: [model],
    level: "warning",
    found: note,
    remedy:
      `Ask for what it has, by \`mesh-llm settings ${model} ctx=${trained}\` or in config.toml, ` +
      "or serve a model that was trained for more",
  }));
}

/** Only what can be mended is a finding. */
function gpus({ engineAdvice }: FindingsInput): NodeFinding[] {
  const { found = null, remedy = null } = engineAdvice ?? {};
  if (found === null || remedy === null) return [];
  return [{ about: "gpu", subjects: [found], level: "warning", found, remedy }];
}

function disk({ dataDir, freeBytes }: FindingsInput): NodeFinding[] {
  if (freeBytes === null || freeBytes >= LOW_DISK_BYTES) return [];
  return [{
    about: "disk",
    subjects: [dataDir],
    level: "warning",
    found: `Less than ${Math.floor(freeBytes / 1e9) + 1} GB are free at ${dataDir}`,
    remedy: "Free some space before you download a model",
  }];
}

/** Each finding with its subjects, as the log knows them again. Pure. */
export function subjectsOf({ about, subjects }: NodeFinding): string[] {
  return subjects.map((subject) => `${about} ${subject}`);
}

/** `8.0.0 on ann, bob`, one for each value that there is. */
function groupNames(
  nodes: readonly RouteNode[],
  valueOf: (node: RouteNode) => string | undefined,
): string[] {
  const known = nodes.filter((node) => valueOf(node) !== undefined);
  return [...Map.groupBy(known, valueOf)].map(([value, group]) => `${value} on ${namesOf(group)}`);
}

/** As many names as one reads; a mesh may have a thousand. */
const NAMES_SHOWN = 5;

function namesOf(nodes: readonly RouteNode[]): string {
  const names = nodes.slice(0, NAMES_SHOWN).map(({ machine }) => machine.name).join(", ");
  const more = nodes.length - NAMES_SHOWN;
  return more > 0 ? `${names} and ${more} more` : names;
}

function release({ version, newerRelease }: FindingsInput): NodeFinding[] {
  if (newerRelease === null) return [];
  return [{
    about: "update",
    subjects: [newerRelease],
    level: "warning",
    found: `mesh-llm ${newerRelease} is there, and this is ${version}`,
    remedy: "Run mesh-llm update on this machine",
  }];
}
