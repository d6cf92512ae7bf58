/** Plays scenes with the console in a real Chromium, each on a node of its own. */

import assert from "node:assert/strict";
import type { BrowserContext } from "playwright-core";
import { buildConsole } from "../../scripts/build_console.ts";
import type { Status } from "../../src/api/mod.ts";
import { CannedNode, type CannedNodeOptions } from "../support/canned_node.ts";
import { chromiumIsRequired, findChromium, startChromium } from "../support/chromium.ts";
import { ConsolePage, type OpenOptions } from "../support/console_page.ts";
import { status } from "../support/console_status.ts";

interface Stage {
  readonly node: CannedNode;
  readonly console: ConsolePage;
}

export interface Scene extends CannedNodeOptions, OpenOptions {
  readonly status?: Status;
  /** Complaints of the browser that belong to the scene. */
  readonly expectedErrors?: RegExp;
  play(stage: Stage): Promise<void>;
}

export type Scenes = Readonly<Record<string, Scene>>;

/** The message that Chromium writes to its console when a server goes away. */
export const CONNECTION_ERRORS =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/;

async function play(context: BrowserContext, scene: Scene): Promise<void> {
  await using node = await CannedNode.start(scene.status ?? status(), scene);
  await using console = await ConsolePage.open(context, node.url, scene);
  await scene.play({ node, console });
  const unexpected = console.errors.filter((error) => !scene.expectedErrors?.test(error));
  assert.deepEqual(unexpected, []);
}

/** Registers one test with a step for each scene; none, with the reason in its name, where there is no Chromium. */
export async function playScenes(name: string, scenes: Scenes): Promise<void> {
  const chromium = await findChromium();
  const skipped = chromium.kind === "missing" && !chromiumIsRequired();
  // Here and not in a test: Vite keeps its workers, which the leak checks would take for a leak.
  if (!skipped) await buildConsole();
  Deno.test({
    name: skipped ? `${name} (${chromium.reason})` : name,
    ignore: skipped,
    async fn(t) {
      if (chromium.kind === "missing") throw new Error(chromium.reason);
      await using browser = await startChromium(chromium.path);
      for (const [name, scene] of Object.entries(scenes)) {
        await t.step(name, () => play(browser.context, scene));
      }
    },
  });
}
