/** Machines that joined and left, as it happens. Pure. */

import type { PeerEvent, Status } from "../../../src/api/base/types.ts";
import { NEWS_MAX } from "./defaults.ts";
import { displayName, shortId } from "./format.ts";

/** `gone`: no longer in the list, and nobody said why. */
export type Change = PeerEvent["change"] | "gone";

export interface NewsItem {
  readonly id: number;
  readonly atMs: number;
  readonly peer: string;
  readonly name: string;
  readonly change: Change;
}

const WORDS: Record<Change, string> = {
  joined: "joined the mesh",
  left: "left the mesh",
  died: "stopped answering",
  gone: "is no longer there",
};

export function newsText({ name, change }: NewsItem): string {
  return `${name} ${WORDS[change]}`;
}

/** Newest first. An event and a status that report the same change are one piece of news. */
export function addNews(
  news: readonly NewsItem[],
  { atMs, peer, name, change }: Omit<NewsItem, "id">,
): readonly NewsItem[] {
  const item = { atMs, peer, change, name: displayName(name) || shortId(peer) };
  const before = news.find((one) => one.peer === peer);
  if (before !== undefined && (before.change === "joined") === (change === "joined")) {
    const better = before.change === "gone" && change !== "gone";
    return better ? news.map((one) => one === before ? { ...one, change } : one) : news;
  }
  const id = (news[0]?.id ?? 0) + 1;
  return [{ ...item, id }, ...news].slice(0, NEWS_MAX);
}

/** The news in the list of peers by itself. Nothing is new in the first one. */
export function newsOf(
  previous: Status | null,
  next: Status,
  atMs: number,
): Omit<NewsItem, "id">[] {
  if (previous === null || previous.mesh.id !== next.mesh.id) return [];
  const before = new Map(previous.peers.map((peer) => [peer.id, peer]));
  const after = new Map(next.peers.map((peer) => [peer.id, peer]));
  const came = next.peers.filter(({ id }) => !before.has(id));
  const went = previous.peers.filter(({ id }) => !after.has(id));
  return [
    ...went.map(({ id, name }) => ({ atMs, peer: id, name, change: "gone" as const })),
    ...came.map(({ id, name }) => ({ atMs, peer: id, name, change: "joined" as const })),
  ];
}
