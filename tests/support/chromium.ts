/** A real Chromium for tests of pages: found, or installed where that needs no question. */

import { type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import { aptInstall, exists } from "./debian.ts";
import { removeFolder } from "./remove_folder.ts";

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** No sandbox, because tests may run as root; nothing that asks the network by itself. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type Chromium =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

async function installed(): Promise<Chromium | null> {
  for (const path of CANDIDATES) if (await exists(path)) return { kind: "found", path };
  return null;
}

/** Finds Chromium; on Debian, as root, installs it first. */
export async function findChromium(): Promise<Chromium> {
  const found = await installed();
  if (found !== null) return found;
  const problem = await aptInstall("chromium");
  if (problem !== null) return { kind: "missing", reason: problem };
  return await installed() ?? { kind: "missing", reason: "apt-get brought no Chromium" };
}

/** If set, a missing browser fails the tests instead of skipping them. */
export function chromiumIsRequired(): boolean {
  return Deno.env.get("CI") === "true";
}

export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext;
}

/** Starts Chromium with an empty profile, which goes when it does. */
export async function startChromium(
  path: string,
  options: BrowserContextOptions = {},
): Promise<Browser> {
  const profile = await Deno.makeTempDir({ prefix: "mesh-llm-chromium-" });
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    executablePath: path,
    args: ARGUMENTS,
  });
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close();
      await removeFolder(profile);
    },
  };
}
