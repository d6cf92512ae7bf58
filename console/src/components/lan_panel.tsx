import { memo } from "preact/compat";
import type { LanShown } from "../lib/lan_view.ts";

/** The others on the local network: machines of this mesh, and other meshes by their names. */
export const LanPanel = memo(({ shown }: { shown: LanShown }) => (
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
          {shown.rows.map(({ id, name, isOwnMesh, detail }) => (
            <li key={id} data-lan={isOwnMesh ? "member" : "mesh"}>
              <strong>
                <bdi>{name}</bdi>
              </strong>{" "}
              <bdi class="muted">{detail}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  </section>
));
