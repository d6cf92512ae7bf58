/** What a crowd is told to do, and what it answers. */

export type Command =
  | { readonly kind: "join"; readonly count: number }
  | { readonly kind: "leave"; readonly count: number }
  /** Every client once, some of them at one time. */
  | { readonly kind: "each"; readonly use: "refresh" | "ask"; readonly atOnce: number }
  /** Random clients at random moments. */
  | {
    readonly kind: "during";
    readonly use: "refresh" | "ask";
    readonly ms: number;
    readonly count: number;
  };

export interface Report {
  /** What each took that succeeded. */
  readonly ms: number[];
  failed: number;
  /** The first few, for people. */
  readonly failures: string[];
}
