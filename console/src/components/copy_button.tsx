import { useEffect, useState } from "preact/hooks";
import { copyText } from "../lib/clipboard.ts";
import { COPIED_SHOWN_MS } from "../lib/defaults.ts";
import { CheckIcon, CopyIcon } from "./icons.tsx";

interface CopyButtonProps {
  readonly text: string;
  /** The name of the text to copy, for users who can't see the text beside the button. */
  readonly what: string;
  /** Without a frame, beside others. */
  readonly quiet?: boolean;
}

type Outcome = "none" | "copied" | "refused";

const LABELS: Record<Outcome, string> = {
  none: "Copy",
  copied: "Copied",
  refused: "Select it and copy",
};

export function CopyButton({ text, what, quiet = false }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<Outcome>("none");
  useEffect(() => {
    if (outcome === "none") return;
    const timer = setTimeout(() => setOutcome("none"), COPIED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => setOutcome(await copyText(text) ? "copied" : "refused");
  return (
    <button
      type="button"
      class={`button small ${quiet ? "quiet" : ""}`}
      data-outcome={outcome}
      aria-label={`Copy ${what}`}
      onClick={() => void copy()}
    >
      {outcome === "copied" ? <CheckIcon /> : <CopyIcon />}
      <span aria-live="polite">{LABELS[outcome]}</span>
    </button>
  );
}
