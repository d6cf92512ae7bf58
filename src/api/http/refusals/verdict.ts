import { NAME_CHARS_SHOWN, NAMES_IN_MESSAGE } from "../../base/defaults.ts";

/** The answer to one kind of refusal. */
export interface Verdict {
  readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 413 | 415 | 421 | 429 | 500 | 502 | 503;
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
  /** Beyond the two that follow from the status, OpenAI names the limit that is used up. */
  readonly type?: "requests" | "tokens";
  /** Of a code of pairing that was wrong. */
  readonly triesLeft?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A verdict for each kind. */
export type Verdicts<R extends { readonly kind: string }> = {
  readonly [K in R["kind"]]: (refusal: Extract<R, { readonly kind: K }>) => Verdict;
};

/** The part of a caller's text that a message repeats. */
export function shorten(text: string): string {
  return text.length <= NAME_CHARS_SHOWN ? text : `${text.slice(0, NAME_CHARS_SHOWN)}…`;
}

export function list(names: readonly string[]): string {
  const more = names.length > NAMES_IN_MESSAGE
    ? ` and ${names.length - NAMES_IN_MESSAGE} more`
    : "";
  return names.slice(0, NAMES_IN_MESSAGE).join(", ") + more;
}
