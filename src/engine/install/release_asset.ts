/** What GitHub's releases API says of a release: parsed here, once. */

/** One file of a release, as the API describes it. */
export interface ReleaseAsset {
  readonly name: string;
  readonly url: string;
  readonly sizeBytes: number;
  /** Hexadecimal SHA-256; `null` where the release publishes none. */
  readonly sha256: string | null;
}

export function parseRelease(value: unknown): ReleaseAsset[] {
  const assets = isRecord(value) ? value.assets : undefined;
  if (!Array.isArray(assets)) throw new TypeError("The answer lists no assets");
  return assets.flatMap((asset: unknown) => {
    if (!isRecord(asset)) return [];
    const { name, browser_download_url: url, size, digest } = asset;
    if (typeof name !== "string" || typeof url !== "string" || typeof size !== "number") return [];
    return [{ name, url, sizeBytes: size, sha256: parseDigest(digest) }];
  });
}

function parseDigest(digest: unknown): string | null {
  return typeof digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] ?? null : null;
}

/** Without the ending: `.tar.gz`, and `.zip` in older releases. The CPU build on Linux: GPU builds need a driver that matches. */
export function archiveStem(tag: string, os: string, arch: string): string | undefined {
  const system = new Map([["darwin", "macos"], ["linux", "ubuntu"]]).get(os);
  const machine = new Map([["x86_64", "x64"], ["aarch64", "arm64"]]).get(arch);
  if (system === undefined || machine === undefined) return undefined;
  return `llama-${tag}-bin-${system}-${machine}`;
}

/** The archive for a platform. */
export function findArchive(
  assets: readonly ReleaseAsset[],
  stem: string,
): ReleaseAsset | undefined {
  return assets.find(({ name }) => name === `${stem}.tar.gz` || name === `${stem}.zip`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
