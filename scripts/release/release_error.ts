/** A release can't be made, for a reason that whoever makes it can act on. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
}
