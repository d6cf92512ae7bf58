/** One of `GET /api/settings`. */
export interface Setting {
  /** As in `config.toml`. */
  readonly name: string;
  /** A secret's value is not shown. */
  readonly value: unknown;
  /** `changed`: of a model, while a node of this data directory ran. */
  readonly from: "flag" | "environment" | "file" | "default" | "changed";
}
