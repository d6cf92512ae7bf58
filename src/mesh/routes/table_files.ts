/** The models that a table says can be asked for, beside those that are served. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import { SPLIT_RTT_LIMIT_MS } from "../../base/split_distance.ts";
import { MAX_TABLE_FILES } from "../base/message_defaults.ts";
import type { Announcement } from "../base/announcement.ts";
import type { RouteFile } from "../base/table.ts";

/**
 * The files that a member could hold alone, or together with others near it, and that neither its owner nor llama.cpp
 * refuses.
 */
export function filesOf(members: readonly Announcement[]): RouteFile[] {
  const known = new Set<string>();
  const isOnRequest = (member: Announcement) => member.machine.loadsOnRequest !== false;
  return members.flatMap((member) =>
    member.models.filter((model) => !isRefusedBy(member, model)).flatMap((model): RouteFile[] => {
      const { name, fingerprint, sizeBytes, needBytes } = model;
      const isAlone = needBytes <= member.memoryBytes;
      // One of several that hold it with the same others says enough.
      const key = `${name} ${fingerprint}`;
      if (!isAlone && known.has(key)) return [];
      const isHeldBy = (helpers: readonly Announcement[]) =>
        isAlone || holdTogether(member, helpers, model);
      if (!isHeldBy(members)) return [];
      const onRequest = isOnRequest(member) && isHeldBy(members.filter(isOnRequest));
      if (onRequest) known.add(key);
      return [{ name, fingerprint, sizeBytes, onRequest }];
    })
  );
}

function isRefusedBy(
  { dropped, failures }: Announcement,
  model: Announcement["models"][number],
): boolean {
  return [...dropped, ...failures.map((failure) => failure.model)]
    .some((name) => isNamed(name, model));
}

/** By the rules of a split: the others are near, and speak the protocol of the host. */
function holdTogether(
  host: Announcement,
  members: readonly Announcement[],
  model: Announcement["models"][number],
): boolean {
  let haveBytes = host.memoryBytes;
  for (const member of members) {
    if (haveBytes >= model.needBytes) return true;
    const isHelper = member.peer !== host.peer && mayShare(host, member) &&
      !isRefusedBy(member, model);
    if (isHelper) haveBytes += member.memoryBytes;
  }
  return haveBytes >= model.needBytes;
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
