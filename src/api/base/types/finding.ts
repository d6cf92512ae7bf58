/** Something that stands in the user's way, with what to do about it: part of `GET /api/status`. */
export interface Finding {
  /** The subject of the finding; a finding with the same word stays the same one while its figures change. */
  about:
    | "failed"
    | "alias"
    | "waiting"
    | "context"
    | "rpc-protocol"
    | "version"
    | "clock"
    | "addresses"
    | "gpu"
    | "wide-lane"
    | "disk"
    | "update";
  /** A problem keeps something from working; a warning will, or makes it worse. */
  level: "warning" | "problem";
  /** A sentence without a full stop. Names in it are those that machines gave themselves. */
  found: string;
  remedy: string;
}
