import { clampFraction } from "../lib/format.ts";

interface BarProps {
  readonly label: string;
  /** The sentence that the bar draws. */
  readonly text: string;
  /** Filled part, 0 to 1. */
  readonly fraction: number;
  /** A second, fainter mark, 0 to 1: what is offered of the whole. */
  readonly mark?: number;
  readonly role?: "meter" | "progressbar";
}

function width(fraction: number) {
  return { width: `${clampFraction(fraction) * 100}%` };
}

export function Bar({ label, text, fraction, mark = 1, role = "meter" }: BarProps) {
  return (
    <div
      class="bar"
      role={role}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(clampFraction(fraction) * 100)}
      aria-valuetext={text}
    >
      <span class="bar-mark" style={width(mark)} />
      <span class="bar-fill" style={width(fraction)} />
    </div>
  );
}
