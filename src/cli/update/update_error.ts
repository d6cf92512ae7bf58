/** There is no update, or none that may be installed. The message says what was found and what to do. */
export class UpdateError extends Error {
  override name = "UpdateError";
}
