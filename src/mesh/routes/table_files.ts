/** The models that a table says can be asked for, beside those that are served. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import { MAX_TABLE_FILES } from "../base/message_defaults.ts";
import type { Announcement } from "../base/announcement.ts";
import type { RouteFile } from "../base/table.ts";

/** The files that a member could hold alone, and that neither its owner nor llama.cpp refuses. */
export function filesOf(members: readonly Announcement[]): RouteFile[] {
  return members.flatMap(({ models, memoryBytes, machine, dropped, failures }) => {
    const refused = [...dropped, ...failures.map(({ model }) => model)];
    const onRequest = machine.loadsOnRequest !== false;
    return models.filter((model) =>
      model.needBytes <= memoryBytes && !refused.some((name) => isNamed(name, model))
    ).map(({ name, fingerprint, sizeBytes }) => ({ name, fingerprint, sizeBytes, onRequest }));
  });
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
