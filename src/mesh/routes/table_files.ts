/** The models that a table says can be asked for, beside those that are served. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import { SPLIT_RTT_LIMIT_MS } from "../../base/split_defaults.ts";
import { MAX_HOLDERS_TRIED, MAX_TABLE_FILES } from "../base/message_defaults.ts";
import type { Announcement } from "../base/announcement.ts";
import type { RouteFile } from "../base/table.ts";

/**
 * The files that a member could hold alone, or together with others near it, and that neither its owner nor llama.cpp
 * refuses.
 */
export function filesOf(members: readonly Announcement[]): RouteFile[] {
  const [all, onRequest] = [members, members.filter(isOnRequest)].map((some) => new Sharing(some));
  /** By content: those of which nothing more is to be said. */
  const listed = new Set<string>();
  return members.flatMap((member) =>
    member.models.filter((model) => !isRefusedBy(member, model)).flatMap((model): RouteFile[] => {
      const { name, fingerprint, sizeBytes, needBytes } = model;
      const file = { name, fingerprint, sizeBytes };
      if (needBytes <= member.memoryBytes) return [{ ...file, onRequest: isOnRequest(member) }];
      if (listed.has(`${name} ${fingerprint}`) || !all?.holds(member, model)) return [];
      const loads = isOnRequest(member) && onRequest?.holds(member, model) === true;
      if (loads) listed.add(`${name} ${fingerprint}`);
      return [{ ...file, onRequest: loads }];
    })
  );
}

function isOnRequest({ machine }: Announcement): boolean {
  return machine.loadsOnRequest !== false;
}

/** Files that some members hold only together, by the rules of a split: near each other, and of one protocol. */
class Sharing {
  readonly #members: readonly Announcement[];
  /** By host: the memory of all that may share with it. */
  readonly #bytes = new Map<Announcement, number>();
  /** By content: how many of its holders were looked at, and whether one of them would do. */
  readonly #looks = new Map<string, { count: number; isHeld: boolean }>();

  constructor(members: readonly Announcement[]) {
    this.#members = members;
  }

  /** One of several holders says enough, and a few who can't do so speak for all: a table is made often. */
  holds(host: Announcement, model: Announcement["models"][number]): boolean {
    const key = `${model.name} ${model.fingerprint}`;
    const look = this.#looks.get(key) ?? { count: 0, isHeld: false };
    this.#looks.set(key, look);
    if (look.isHeld || look.count === MAX_HOLDERS_TRIED) return look.isHeld;
    look.count++;
    look.isHeld = this.#bytesAround(host) >= model.needBytes &&
      this.#helpersOf(host).filter((member) => !isRefusedBy(member, model))
          .reduce((sum, { memoryBytes }) => sum + memoryBytes, host.memoryBytes) >= model.needBytes;
    return look.isHeld;
  }

  #bytesAround(host: Announcement): number {
    const bytes = this.#bytes.get(host) ??
      this.#helpersOf(host).reduce((sum, { memoryBytes }) => sum + memoryBytes, host.memoryBytes);
    this.#bytes.set(host, bytes);
    return bytes;
  }

  #helpersOf(host: Announcement): readonly Announcement[] {
    return this.#members.filter((member) => member.peer !== host.peer && mayShare(host, member));
  }
}

function isRefusedBy(
  { dropped, failures }: Announcement,
  model: Announcement["models"][number],
): boolean {
  return [...dropped, ...failures.map((failure) => failure.model)]
    .some((name) => isNamed(name, model));
}

function mayShare(host: Announcement, member: Announcement): boolean {
  const rttMs = host.rttsMs[member.peer] ?? member.rttsMs[host.peer] ?? 0;
  const { engine } = host.machine;
  return rttMs <= SPLIT_RTT_LIMIT_MS && engine !== null &&
    engine.rpcProtocol === member.machine.engine?.rpcProtocol;
}

/** Each content once, and as many as a client takes; sorted. */
export function fitFiles(files: readonly RouteFile[]): RouteFile[] {
  const distinct = new Map<string, RouteFile>();
  for (const file of files) {
    const key = `${file.name} ${file.fingerprint}`;
    const onRequest = file.onRequest || (distinct.get(key)?.onRequest ?? false);
    distinct.set(key, { ...file, onRequest });
  }
  const sorted = [...distinct].sort(([a], [b]) => a < b ? -1 : 1);
  return sorted.slice(0, MAX_TABLE_FILES).map(([, file]) => file);
}

/** Wanted by requests alone: nobody who says so wants it for another reason. */
export function onlyAsked(
  all: readonly { readonly wanted: readonly string[]; readonly asked?: readonly string[] }[],
): string[] {
  const asked = all.flatMap((one) => one.asked ?? []);
  if (asked.length === 0) return [];
  const meant = new Set(all.flatMap((one) => {
    const own = new Set(one.asked);
    return one.wanted.filter((name) => !own.has(name));
  }));
  return [...new Set(asked)].filter((name) => !meant.has(name));
}
