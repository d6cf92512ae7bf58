/** The address that a node prints for its own user signs in once. */

const MARK = "#sign-in=";

/** The secret part of such an address. Behind a `#`, it is never sent by itself, nor kept in anybody's log. */
export function signInCodeOf(hash: string): string | null {
  return hash.startsWith(MARK) ? hash.slice(MARK.length) : null;
}
