/** The commands for a crowd, and its answers. */

export type Command =
  /** From then on each is in use: now and then it asks for the table anew, until it leaves. */
  | { readonly kind: "join"; readonly count: number }
  | { readonly kind: "leave"; readonly count: number }
  /** Every client once, some of them at one time. */
  | { readonly kind: "each"; readonly use: "refresh" | "ask"; readonly atOnce: number }
  /** Random clients ask at random moments. */
  | { readonly kind: "ask"; readonly ms: number; readonly count: number }
  /** The number of refreshes meanwhile, by clients that are in use. */
  | { readonly kind: "watch"; readonly ms: number };

export interface Report {
  /** The time that each success took. */
  readonly ms: number[];
  failed: number;
  /** The first few, for people. */
  readonly failures: string[];
}

export function emptyReport(): Report {
  return { ms: [], failed: 0, failures: [] };
}

export function joinReports(reports: readonly Report[]): Report {
  return {
    ms: reports.flatMap(({ ms }) => ms),
    failed: reports.reduce((sum, { failed }) => sum + failed, 0),
    failures: reports.flatMap(({ failures }) => failures),
  };
}
