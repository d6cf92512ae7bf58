/** The names of a release's files. Pure: install.sh and `mesh-llm update` look for the same. */

/** Of every archive of a release, as `sha256sum` writes it. */
export const SUMS = "SHA256SUMS";

/** 64 bytes: Ed25519 over the bytes of SHA256SUMS. */
export const SIGNATURE = "SHA256SUMS.sig";

/** The text of the release's page; none of its files. */
export const NOTES = "notes.md";

export const FORMULA = "mesh-llm.rb";

export const INSTALLER = "install.sh";

/** Of the folder in the archive, too. */
export function releaseName(version: string, target: string): string {
  return `mesh-llm-${version}-${target}`;
}

export function archiveName(version: string, target: string): string {
  return `${releaseName(version, target)}.tar.gz`;
}

export function sbomName(version: string): string {
  return `mesh-llm-${version}.cdx.json`;
}

/** Debian's words for the processors of its packages. */
export const DEB_ARCHITECTURES: Readonly<Record<string, string>> = {
  "linux-x64": "amd64",
  "linux-arm64": "arm64",
};

export function debName(version: string, architecture: string): string {
  return `mesh-llm_${debVersion(version)}_${architecture}.deb`;
}

/** A version with a hyphen is a preliminary one, which Debian sorts before the final one by a tilde. */
export function debVersion(version: string): string {
  return version.replace("-", "~");
}
