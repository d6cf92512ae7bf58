import { memo } from "preact/compat";
import type { Finding } from "../../../src/api/base/types.ts";
import { displayText } from "../lib/format.ts";

/** Problems of the mesh, each with its remedy. Empty if there are none. */
export const FindingsList = memo(({ findings }: { findings: readonly Finding[] }) => {
  if (findings.length === 0) return null;
  return (
    <section class="findings" role="status" aria-label="Problems">
      <ul>
        {findings.map(({ about, level, found, remedy }) => (
          <li key={found} class="finding" data-about={about} data-level={level}>
            <p>
              <strong>{level === "problem" ? "Problem" : "Warning"}</strong>{" "}
              <bdi>{displayText(found)}.</bdi>
            </p>
            <p class="muted">{displayText(remedy)}.</p>
          </li>
        ))}
      </ul>
    </section>
  );
});
