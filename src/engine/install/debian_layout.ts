/** How Debian's packages of llama.cpp are fetched and laid out, as values. */

import type { EngineBuild } from "../base/types.ts";

export interface DebianTarget {
  /** Debian's name of the architecture. */
  readonly architecture: string;
  readonly triplet: string;
  /** The C library's program loader. */
  readonly loader: string;
}

export function debianTarget(arch: string): DebianTarget | undefined {
  switch (arch) {
    case "x86_64":
      return {
        architecture: "amd64",
        triplet: "x86_64-linux-gnu",
        loader: "ld-linux-x86-64.so.2",
      };
    case "aarch64":
      return {
        architecture: "arm64",
        triplet: "aarch64-linux-gnu",
        loader: "ld-linux-aarch64.so.1",
      };
    default:
      return undefined;
  }
}

/** With the C library, so that it runs on an older Debian, and on anything else that has apt. */
const PACKAGES = ["llama.cpp-tools", "llama.cpp-tools-extra", "libggml0-backend-rpc", "libc6"];

/** Vulkan's library looks for the drivers of the machine, in the places that are the same everywhere. */
export function debianPackages(build: EngineBuild): readonly string[] {
  return build === "vulkan" ? [...PACKAGES, "libggml0-backend-vulkan"] : PACKAGES;
}

export function sourcesList(
  { architecture }: DebianTarget,
  keyring: string,
  mirror: string,
): string {
  return `deb [arch=${architecture} signed-by=${keyring}] ${mirror} sid main\n`;
}

/** An apt of its own in `work`: the machine's packages, lists and caches are neither read nor changed. */
export function aptOptions(
  work: string,
  { architecture }: DebianTarget,
  isRoot: boolean,
): string[] {
  const settings = {
    "APT::Architecture": architecture,
    "APT::Get::AllowUnauthenticated": "false",
    "APT::Install-Recommends": "false",
    // Otherwise a mirror that can't be reached is a warning, and its packages are missing.
    "APT::Update::Error-Mode": "any",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::Languages": "none",
    "Dir::Cache": `${work}/cache`,
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::Etc::sourcelist": `${work}/sources.list`,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State": `${work}/state`,
    "Dir::State::status": `${work}/status`,
    // As root apt downloads as a user who may not write here.
    ...(isRoot ? { "APT::Sandbox::User": "root" } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** The places of the two binaries in the unpacked packages. */
export function binaryPaths({ triplet }: DebianTarget) {
  return {
    "llama-server": "usr/bin/llama-server",
    "rpc-server": `usr/libexec/${triplet}/llama/bin/ggml-rpc-server`,
  };
}

/** A script that runs a binary with the libraries that came with it, wherever the folder is moved. */
export function wrapperScript({ triplet, loader }: DebianTarget, binary: string): string {
  return `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
lib=$here/root/usr/lib/${triplet}
exec "$lib/${loader}" --library-path "$lib:$lib/llama" "$here/root/${binary}" "$@"
`;
}
