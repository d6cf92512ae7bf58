/** One of `GET /api/settings`: what a node was started with. */
export interface Setting {
  /** As in `config.toml`. */
  readonly name: string;
  /** A secret's value is not shown. */
  readonly value: unknown;
  readonly from: "flag" | "environment" | "file" | "default";
}
