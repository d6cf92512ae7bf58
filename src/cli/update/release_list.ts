/** SHA256SUMS of a release and the signature that vouches for it: docs/releases.md. */

import { UpdateError } from "./update_error.ts";
import { isVersion } from "../../base/release_versions.ts";

export const LIST = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.sig";

/** The part of a release for one platform. */
export interface ListedRelease {
  readonly version: string;
  /** The name of its file. */
  readonly archive: string;
  readonly sha256: string;
}

/** As releases are named: `linux-x64`, `darwin-arm64`. */
export function targetName({ os, arch }: Pick<typeof Deno.build, "os" | "arch">): string {
  return `${os}-${arch === "aarch64" ? "arm64" : "x64"}`;
}

const KEY_BYTES = 32;

/** @throws {UpdateError} where this executable knows no key */
export function readKey(base64: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = Uint8Array.fromBase64(base64);
    if (bytes.length === KEY_BYTES) return bytes;
  } catch {
    // The words that stand for no key.
  }
  throw new UpdateError(
    "Cannot update: this mesh-llm was made of a source without a key for releases, so it could not tell " +
      "whether one is genuine. Install a release with install.sh",
  );
}

/** @throws {UpdateError} unless the key has signed exactly these bytes */
export async function requireSignature(
  list: Uint8Array,
  signature: Uint8Array,
  key: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const publicKey = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  const [signed, by] = [Uint8Array.from(list), Uint8Array.from(signature)];
  if (await crypto.subtle.verify("Ed25519", publicKey, by, signed)) return;
  throw new UpdateError(
    "Refused to update: the release is not signed with mesh-llm's key. Nothing was changed",
  );
}

const LINE = /^([0-9a-f]{64}) [ *](\S+)$/;

/**
 * The archive for a platform, of the named version where there is one.
 * @throws {UpdateError} where the release has none
 */
export function findRelease(
  list: string,
  { target, version }: { readonly target: string; readonly version: string | null },
): ListedRelease {
  for (const line of list.split("\n")) {
    const [, sha256 = "", archive = ""] = LINE.exec(line) ?? [];
    const end = `-${target}.tar.gz`;
    if (!archive.startsWith("mesh-llm-") || !archive.endsWith(end)) continue;
    const found = archive.slice("mesh-llm-".length, -end.length);
    if (isVersion(found) && (version === null || found === version)) {
      return { version: found, archive, sha256 };
    }
  }
  const which = version === null ? "The latest release" : `Release ${version}`;
  throw new UpdateError(`${which} has no mesh-llm ${version ?? ""}`.trimEnd() + ` for ${target}`);
}
