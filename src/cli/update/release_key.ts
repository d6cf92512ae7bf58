/**
 * The Ed25519 public key of this project's releases, 32 bytes in base64: an update without a signature by it is refused.
 * `scripts/release/make_key.ts` writes it here and into install.sh. Nothing replaces it while the program runs, no flag
 * and no variable: whoever could set one could make it trust another's releases. The words stand for no key at all.
 */
export const RELEASE_KEY = "no-release-key-has-been-made-for-this-source";
