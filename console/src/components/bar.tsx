import { clampFraction } from "../lib/format.ts";

/** Colours that tell neighbours apart; the next part has the first again. See theme.css. */
export const TINTS = 5;

export interface BarPart {
  /** `null` is of no model. */
  readonly tint: number | null;
  /** Of the whole, 0 to 1. */
  readonly fraction: number;
}

interface BarProps {
  readonly label: string;
  /** The sentence that the bar draws. */
  readonly text: string;
  /** Filled part, 0 to 1. */
  readonly fraction: number;
  /** The pieces that the filled part is made of. @default {[]} all is one */
  readonly parts?: readonly BarPart[];
  /** A second, fainter mark, 0 to 1: what is offered of the whole. */
  readonly mark?: number;
  readonly role?: "meter" | "progressbar";
}

function width(fraction: number) {
  return { width: `${clampFraction(fraction) * 100}%` };
}

export function Bar({ label, text, fraction, parts = [], mark = 1, role = "meter" }: BarProps) {
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
      {parts.length === 0
        ? <span class="bar-fill" style={width(fraction)} />
        : (
          <span class="bar-parts">
            {parts.map(({ tint, fraction }, index) => (
              <span
                key={index}
                data-tint={tint === null ? "none" : tint % TINTS}
                style={width(fraction)}
              />
            ))}
          </span>
        )}
    </div>
  );
}
