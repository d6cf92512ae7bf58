import { createRequire } from "node:module";
import { asError } from "./errors.ts";
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

function whyNotLoaded(name: string, cause: Error): string {
  const { code } = cause as { code?: unknown };
  return code === "MODULE_NOT_FOUND"
    ? `The QUIC addon is missing: run "npm install" to install the package ${name}`
    : `The QUIC addon in the package ${name} can't be loaded: ${cause.message}`;
}

function isAddon(value: unknown): value is QuicAddon {
  const parts = ["QuinnConfig", "Server", "Client"];
  return typeof value === "object" && value !== null &&
    parts.every((part) => typeof (value as Record<string, unknown>)[part] === "function");
}
