import type { ComponentChildren } from "preact";
import type { LanRow, LanShown } from "../lib/lan_view.ts";

interface LanPanelProps {
  readonly shown: LanShown;
  /** The action that another mesh of the list offers. */
  readonly action: (row: LanRow) => ComponentChildren;
}

/** The others on the local network: machines of this mesh, and other meshes by their names. */
export const LanPanel = ({ shown, action }: LanPanelProps) => (
  <section class="panel lan" aria-labelledby="lan-title">
    <h2 id="lan-title">Machines on this network</h2>
    <div class="card">
      <p class="muted">
        <bdi>{shown.sentence}</bdi>
      </p>
      {shown.problem !== null && (
        <p class="problem">
          <bdi>{shown.problem}</bdi>
        </p>
      )}
      {shown.rows.length > 0 && (
        <ul class="lan-list" aria-live="polite">
          {shown.rows.map((row) => (
            <li key={row.id} data-lan={row.mesh === null ? "member" : "mesh"}>
              <strong>
                <bdi>{row.name}</bdi>
              </strong>{" "}
              <bdi class="muted">{row.detail}</bdi>
              {row.mesh !== null && action(row)}
            </li>
          ))}
        </ul>
      )}
    </div>
  </section>
);
