/** A package for Debian, Ubuntu and their kin: the executable, completions and the licence. */

import { dirname, join } from "node:path";
import { fromRoot, run } from "../run.ts";
import { debVersion } from "./names.ts";
import { ReleaseError } from "./release_error.ts";

export interface DebOptions {
  readonly executable: string;
  /** Folder with completions, as the archive has it. */
  readonly completions: string;
  readonly version: string;
  /** As Debian calls it. */
  readonly architecture: string;
  readonly repository: string;
  readonly output: string;
  readonly timeS: number;
}

/** Pure. */
export function controlFile(
  { version, architecture, repository }: Pick<
    DebOptions,
    "version" | "architecture" | "repository"
  >,
  installedBytes: number,
): string {
  return [
    "Package: mesh-llm",
    `Version: ${debVersion(version)}`,
    `Architecture: ${architecture}`,
    "Section: utils",
    "Priority: optional",
    // As README says, of the QUIC addon.
    "Depends: libc6 (>= 2.34)",
    "Recommends: ca-certificates",
    `Installed-Size: ${Math.ceil(installedBytes / 1_024)}`,
    `Maintainer: the mesh-llm project <${repository}>`,
    `Homepage: ${repository}`,
    "Description: pools the memory of several machines for large language models",
    " One executable that runs stock llama.cpp, connects machines by QUIC, and gives",
    " every one of them the same OpenAI-compatible API and a web console.",
    "",
  ].join("\n");
}

const PLACES = {
  "mesh-llm.bash": "usr/share/bash-completion/completions/mesh-llm",
  "_mesh-llm": "usr/share/zsh/vendor-completions/_mesh-llm",
  "mesh-llm.fish": "usr/share/fish/vendor_completions.d/mesh-llm.fish",
} as const;

/** @throws {ReleaseError} */
export async function makeDeb(options: DebOptions): Promise<void> {
  const { executable, completions, output, timeS } = options;
  const stage = await Deno.makeTempDir({ prefix: "mesh-llm-deb-" });
  try {
    await place(executable, join(stage, "usr/bin/mesh-llm"), 0o755);
    await place(fromRoot("LICENSE"), join(stage, "usr/share/doc/mesh-llm/copyright"), 0o644);
    for (const [name, path] of Object.entries(PLACES)) {
      await place(join(completions, name), join(stage, path), 0o644);
    }
    const { size } = await Deno.stat(executable);
    await Deno.mkdir(join(stage, "DEBIAN"));
    await Deno.writeTextFile(join(stage, "DEBIAN/control"), controlFile(options, size));
    await openToAll(stage);
    const args = ["--root-owner-group", "-Zgzip", "-z6", "--build", stage, output];
    const env = { SOURCE_DATE_EPOCH: String(timeS) };
    const { success, text } = await run("dpkg-deb", args, { env, output: "capture" });
    if (!success) throw new ReleaseError(`Could not make ${output}: ${text.trim()}`);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

async function place(from: string, to: string, mode: number): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
  await Deno.chmod(to, mode);
}

/** Whatever the mask of this process is. */
async function openToAll(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o755);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await openToAll(join(folder, name));
  }
}
