import type { Status } from "../../../src/api/types.ts";
import { countOf, displayName, formatBytes } from "../lib/format.ts";
import type { Link } from "../lib/live_state.ts";
import { nodeCount } from "../lib/mesh_view.ts";
import { Logo } from "./icons.tsx";

const LINK_TEXT: Record<Link, string> = {
  connecting: "connecting…",
  live: "live",
  reconnecting: "reconnecting…",
};

function Totals({ status }: { status: Status }) {
  const clients = status.node.clientsConnected;
  return (
    <dl class="totals">
      <div>
        <dt>Mesh memory</dt>
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

export function Header({ status, link }: { status: Status | null; link: Link }) {
  return (
    <header class="header">
      <div class="brand">
        <Logo />
        <span class="brand-name">mesh-llm</span>
        {status !== null && <bdi class="muted brand-node">on {displayName(status.node.name)}</bdi>}
      </div>
      {status !== null && <Totals status={status} />}
      <p class="link" data-link={link} role="status">
        <span class="dot" aria-hidden="true" />
        {LINK_TEXT[link]}
      </p>
    </header>
  );
}
