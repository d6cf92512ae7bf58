import { useState } from "preact/hooks";
import type { MachineRemoval } from "../../../src/api/base/types.ts";
import { fetchRemoval, removeMachine } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";
import { removalSentences } from "../lib/removal.ts";

type Step =
  | { readonly kind: "idle" | "asking" | "removing" }
  | { readonly kind: "confirm"; readonly removal: MachineRemoval }
  | { readonly kind: "failed"; readonly problem: string };

interface RemoveMachineProps {
  /** A PeerId. */
  readonly id: string;
  readonly name: string;
}

/** Takes a machine out of the mesh; says first who stays, and who has to be invited again. */
export default function RemoveMachine({ id, name }: RemoveMachineProps) {
  const [step, setStep] = useState<Step>({ kind: "idle" });
  async function run(during: "asking" | "removing", act: () => Promise<Step>): Promise<void> {
    setStep({ kind: during });
    try {
      setStep(await act());
    } catch (error) {
      setStep({ kind: "failed", problem: wordsOf(error) });
    }
  }
  const ask = () =>
    run("asking", async () => ({ kind: "confirm", removal: await fetchRemoval(id) }));
  const remove = () =>
    run("removing", async () => {
      await removeMachine(id);
      return { kind: "idle" };
    });
  if (step.kind === "confirm") {
    return (
      <div class="removal" role="group" aria-label={`Remove ${name}`}>
        {removalSentences(name, step.removal).map((sentence) => <p key={sentence}>{sentence}</p>)}
        <div class="row">
          <button type="button" class="button small danger" onClick={() => void remove()}>
            Remove <bdi>{name}</bdi>
          </button>
          <button type="button" class="button small" onClick={() => setStep({ kind: "idle" })}>
            Leave it
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="removal">
      <button
        type="button"
        class="button small"
        disabled={step.kind !== "idle" && step.kind !== "failed"}
        onClick={() => void ask()}
      >
        Remove <bdi>{name}</bdi>
      </button>
      {step.kind === "failed" && <p class="problem" role="alert">{step.problem}</p>}
    </div>
  );
}
