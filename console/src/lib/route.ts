/** The pages, and the address that names each of them. Pure. */

export const PAGES = ["mesh", "models", "chat", "activity", "agents"] as const;

export type PageName = (typeof PAGES)[number];

export const PAGE_TITLES: Record<PageName, string> = {
  mesh: "Mesh",
  models: "Models",
  chat: "Chat",
  activity: "Activity",
  agents: "Agents",
};

/** The page behind the `#` of an address; the mesh where there is none, or none that is known. */
export function pageOf(hash: string): PageName {
  const name = hash.replace(/^#\/?/, "").split(/[/?]/)[0];
  return PAGES.find((page) => page === name) ?? "mesh";
}

export function hrefOf(page: PageName): string {
  return `#${page}`;
}
