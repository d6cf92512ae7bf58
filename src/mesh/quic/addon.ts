import { asError } from "../../base/as_error.ts";
import { createRequire } from "node:module";
import { isNoExec } from "../../base/no_exec.ts";
import type { QuicAddon } from "./native.ts";

/** The addon of this platform is not there, or does not run. The message says which package it is. */
export class QuicAddonError extends Error {
  override name = "QuicAddonError";
}

/** Rust's name of a platform -> npm's. Deno has no executable for musl. */
const PACKAGES: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "@chainsafe/libp2p-quic-linux-x64-gnu",
  "aarch64-unknown-linux-gnu": "@chainsafe/libp2p-quic-linux-arm64-gnu",
  "x86_64-apple-darwin": "@chainsafe/libp2p-quic-darwin-x64",
  "aarch64-apple-darwin": "@chainsafe/libp2p-quic-darwin-arm64",
};

/** @throws {QuicAddonError} where there is none for the platform. */
export function addonPackage(target: string): string {
  const name = PACKAGES[target];
  if (name !== undefined) return name;
  throw new QuicAddonError(`There is no QUIC addon of @chainsafe/libp2p-quic for ${target}`);
}

/**
 * Loads the addon from the node_modules above this file: that of the project, or the one inside the
 * executable. The package it belongs to would load it too, but brings megabytes of guesses along.
 * @throws {QuicAddonError}
 */
export function loadAddon(
  target: string = Deno.build.target,
  load: (name: string) => unknown = createRequire(import.meta.url),
): QuicAddon {
  const name = addonPackage(target);
  let loaded: unknown;
  try {
    loaded = load(name);
  } catch (cause) {
    throw new QuicAddonError(whyNotLoaded(name, asError(cause)), { cause });
  }
  if (isAddon(loaded)) return loaded;
  throw new QuicAddonError(`The package ${name} is installed, but is not the QUIC addon`);
}

/**
 * The same for an executable whose addon comes out of it into the system's temporary folder: where nothing may be run from
 * there, into this one. Deno chooses the folder once, so that it is chosen before the first attempt.
 * @throws {QuicAddonError}
 */
export function loadAddonBy(folder: string, isStandalone = Deno.build.standalone): QuicAddon {
  const before = Deno.env.get("TMPDIR");
  if (!isStandalone || !isNoExec(before ?? "/tmp")) return loadAddon();
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  Deno.env.set("TMPDIR", folder);
  try {
    return loadAddon();
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
}

/** Why QUIC does not work on this machine, as a sentence; `null` where it does. */
export function quicProblem(folder: string): string | null {
  try {
    loadAddonBy(folder);
    return null;
  } catch (error) {
    return asError(error).message;
  }
}

function whyNotLoaded(name: string, cause: Error): string {
  const { code } = cause as { code?: unknown };
  if (code === "MODULE_NOT_FOUND") {
    return `The QUIC addon is missing. Run "npm install" to install the package ${name}`;
  }
  const missing = /version [`'](GLIBC[\w.]*)' not found/.exec(cause.message)?.[1];
  if (missing !== undefined) {
    // The loader names the first version that it lacks, which need not be the one that is needed.
    return "This system is too old for mesh-llm, whose QUIC addon needs glibc 2.34 " +
      `(${missing} is missing). Use Debian 12, Ubuntu 22.04, Fedora 35 or newer, or a container of one`;
  }
  if (NOT_RUN.test(cause.message)) {
    const file = /\/[^:\n]+\.node/.exec(cause.message)?.[0] ?? name;
    return `The QUIC addon can't be loaded, for the system runs nothing from the disk of ${file} ` +
      "(noexec). Put mesh-llm, or what TMPDIR and --data-dir name, on another one";
  }
  return `The QUIC addon in the package ${name} can't be loaded: ${cause.message}. ` +
    "Install mesh-llm again";
}

/** As the loaders of Linux and macOS say it. */
const NOT_RUN = /failed to map segment from shared object|not permitted/i;

function isAddon(value: unknown): value is QuicAddon {
  const parts = ["QuinnConfig", "Server", "Client"];
  return typeof value === "object" && value !== null &&
    parts.every((part) => typeof (value as Record<string, unknown>)[part] === "function");
}
