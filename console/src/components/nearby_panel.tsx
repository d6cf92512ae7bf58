import { useEffect, useRef } from "preact/hooks";
import type { OwnPairing, Status } from "../../../src/api/base/types.ts";
import { useAction } from "../hooks/use_action.ts";
import { cancelAsking } from "../lib/api.ts";
import type { LanRow } from "../lib/lan_view.ts";
import { leavingSentences, ownShown } from "../lib/own_pairing.ts";
import { AskToJoin } from "./ask_to_join.tsx";

interface OwnQuestionProps {
  readonly own: OwnPairing;
  /** The start of a command. */
  readonly run: string;
  readonly onClose: () => void;
}

/** This machine's own question, with its code in digits that are read across a room. */
function OwnQuestion({ own, run, onClose }: OwnQuestionProps) {
  const cancel = useAction();
  const { phase, title, detail, code } = ownShown(own, run);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button that asked is gone, and may have stood at the other end of the page.
    const isLost = document.activeElement === document.body;
    if (isLost && navigator.userActivation.hasBeenActive) place.current?.focus();
  }, []);
  return (
    <div class="own-question" data-state={own.state} tabIndex={-1} ref={place}>
      <div aria-live="polite">
        {code !== null && (
          // Read digit by digit, and not as a sum.
          <p class="big-code" role="img" aria-label={`Code ${[...code].join(" ")}`}>{code}</p>
        )}
        <h3>
          <bdi>{title}</bdi>
        </h3>
        {detail !== "" && (
          <p class="muted">
            <bdi>{detail}</bdi>
          </p>
        )}
      </div>
      {phase === "asking" && (
        <button
          type="button"
          class="button"
          disabled={cancel.busy}
          onClick={() => void cancel.run(cancelAsking)}
        >
          Cancel
        </button>
      )}
      {phase === "ended" && <button type="button" class="button" onClick={onClose}>Close</button>}
      {cancel.problem !== null && <p class="problem" role="alert">{cancel.problem}</p>}
    </div>
  );
}

interface NearbyPanelProps {
  readonly status: Status;
  readonly own: OwnPairing | null;
  readonly onClose: () => void;
  /** Other meshes that can be asked now. */
  readonly meshes: readonly LanRow[];
}

/** Other meshes of this network, for a machine that is alone; and its question to one of them. */
export function NearbyPanel({ status, own, onClose, meshes }: NearbyPanelProps) {
  if (own === null && meshes.length === 0) return null;
  return (
    <section class="panel nearby" aria-labelledby="nearby-title">
      <h2 id="nearby-title">Join a mesh</h2>
      <div class="card">
        {own !== null && <OwnQuestion own={own} run={status.commands.run} onClose={onClose} />}
        {meshes.map(({ id, mesh, name, detail }) => (
          <div key={id} class="mesh-nearby" data-mesh={mesh}>
            <div>
              <h3>
                <bdi>{name}</bdi> is here
              </h3>
              <p class="muted">
                <bdi>{detail}</bdi>
              </p>
            </div>
            <AskToJoin mesh={mesh ?? ""} name={name} leaving={leavingSentences(status, name)} />
          </div>
        ))}
      </div>
    </section>
  );
}
