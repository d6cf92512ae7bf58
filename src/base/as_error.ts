/** Anything thrown, as an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The message of anything thrown. */
export function reasonOf(thrown: unknown): string {
  return asError(thrown).message;
}
