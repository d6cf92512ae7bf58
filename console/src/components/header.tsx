import { useState } from "preact/hooks";
import type { Status } from "../../../src/api/base/types.ts";
import { countOf, displayName, formatBytes, formatRate } from "../lib/format.ts";
import type { Link } from "../lib/live_state.ts";
import { nodeCount } from "../lib/mesh_view.ts";
import type { PageName } from "../lib/route.ts";
import { storedTheme, storeTheme } from "../lib/theme.ts";
import { Logo, MoonIcon, SunIcon } from "./icons.tsx";
import { Navigation } from "./navigation.tsx";

const LINK_TEXT: Record<Link, string> = {
  connecting: "connecting…",
  live: "live",
  reconnecting: "reconnecting…",
};

function Totals({ status }: { status: Status }) {
  const clients = status.node.clientsConnected;
  const rate = status.node.tokensPerSecond;
  return (
    <dl class="totals">
      {rate > 0 && (
        <div>
          <dt class="visually-hidden">Rate of this node's answers</dt>
          <dd id="mesh-rate">{formatRate(rate)}</dd>
        </div>
      )}
      <div>
        <dt>Memory</dt>
        <dd id="mesh-memory">{formatBytes(status.mesh.vramBytes)}</dd>
      </div>
      <div>
        <dt>Machines</dt>
        <dd id="mesh-machines">{nodeCount(status)}</dd>
      </div>
      {clients > 0 && (
        <div>
          <dt>Clients here</dt>
          <dd title={`${countOf(clients, "client")} connected to this machine`}>{clients}</dd>
        </div>
      )}
    </dl>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      class="button quiet round"
      aria-label={`Switch to the ${other} theme`}
      onClick={() => {
        storeTheme(other);
        setTheme(other);
      }}
    >
      {theme === "dark" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

export function Header(
  { status, link, page }: { status: Status | null; link: Link; page: PageName },
) {
  return (
    <header class="header">
      <a class="brand" href="#mesh" aria-label="mesh-llm, to the mesh">
        <Logo />
        <span class="brand-name">mesh-llm</span>
      </a>
      {status !== null && (
        <bdi class="muted brand-node" title="The node that this page shows">
          {displayName(status.node.name)}
        </bdi>
      )}
      <Navigation page={page} />
      <div class="header-end">
        {status !== null && <Totals status={status} />}
        <p class="link" data-link={link} role="status">
          <span class="dot" aria-hidden="true" />
          <span class="link-text">{LINK_TEXT[link]}</span>
        </p>
        <ThemeButton />
      </div>
    </header>
  );
}
