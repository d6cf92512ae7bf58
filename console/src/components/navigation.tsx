import type { JSX } from "preact";
import { hrefOf, PAGE_TITLES, type PageName, PAGES } from "../lib/route.ts";
import { ActivityIcon, AgentsIcon, ChatIcon, MeshIcon, ModelsIcon } from "./icons.tsx";

const ICONS: Record<PageName, () => JSX.Element> = {
  mesh: MeshIcon,
  models: ModelsIcon,
  chat: ChatIcon,
  activity: ActivityIcon,
  agents: AgentsIcon,
};

export function Navigation({ page }: { page: PageName }) {
  return (
    <nav class="nav" aria-label="Pages">
      {PAGES.map((name) => {
        const Icon = ICONS[name];
        return (
          <a key={name} href={hrefOf(name)} aria-current={name === page ? "page" : undefined}>
            <Icon />
            {PAGE_TITLES[name]}
          </a>
        );
      })}
    </nav>
  );
}
