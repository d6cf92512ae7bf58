import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useAction } from "../hooks/use_action.ts";
import { askToJoin } from "../lib/api.ts";
import { isInAMesh } from "../lib/own_pairing.ts";

interface LeaveDialogProps {
  readonly sentences: readonly string[];
  readonly onAnswer: (leave: boolean) => void;
}

/** Has it confirmed that this machine leaves the mesh that it is in. */
function LeaveDialog({ sentences, onAnswer }: LeaveDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby={id} onClose={() => onAnswer(false)}>
      <h3 id={id}>Leave this mesh?</h3>
      {sentences.map((sentence) => (
        <p key={sentence}>
          <bdi>{sentence}</bdi>
        </p>
      ))}
      <div class="row">
        <button
          type="button"
          class="button danger"
          onClick={() => {
            // So that the focus goes back to where it came from.
            dialog.current?.close();
            onAnswer(true);
          }}
        >
          Leave it and ask
        </button>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>Stay</button>
      </div>
    </dialog>
  );
}

interface AskToJoinProps {
  /** Its short id. */
  readonly mesh: string;
  /** Its name, for readers of the button alone. */
  readonly name: string;
  /** The things that this machine gives up, where it has a mesh already. */
  readonly leaving: readonly string[];
}

/** The button that asks another mesh of this network to let this machine in. */
export function AskToJoin({ mesh, name, leaving }: AskToJoinProps) {
  const [confirming, setConfirming] = useState(false);
  const { busy, problem, run } = useAction();
  const ask = (leave: boolean) =>
    run(async () => {
      setConfirming(false);
      try {
        await askToJoin({ mesh, leave });
      } catch (error) {
        if (leave || !isInAMesh(error)) throw error;
        setConfirming(true);
      }
    });
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={`Ask to join ${name}`}
        disabled={busy}
        onClick={() => void ask(false)}
      >
        Ask to join
      </button>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      {confirming && (
        <LeaveDialog
          sentences={leaving}
          onAnswer={(leave) => leave ? void ask(true) : setConfirming(false)}
        />
      )}
    </>
  );
}
