/**
 * The console with 50 machines and 100 models in a real Chromium: what the first load takes over the wire,
 * when something is first painted, and how long the page is busy with one new status.
 */

import { gzipSync } from "node:zlib";
import type { CDPSession } from "playwright-core";
import { loadConsoleAssets } from "../../src/api/mod.ts";
import { CannedNode } from "../../tests/support/canned_node.ts";
import { findChromium, startChromium } from "../../tests/support/chromium.ts";
import { ConsolePage } from "../../tests/support/console_page.ts";
import { crowd, GB } from "../../tests/support/console_status.ts";
import { buildConsole } from "../build_console.ts";
import { type Figure, figureTable, machine, median, quantile } from "./figures.ts";
import { writeSection } from "./page.ts";

const LOADS = 7;
const UPDATES = 100;

export async function run(args: readonly string[]): Promise<void> {
  const chromium = await findChromium();
  if (chromium.kind === "missing") throw new Error(chromium.reason);
  await buildConsole();
  await using node = await CannedNode.start(crowd(GB));
  await using browser = await startChromium(chromium.path);
  const paints: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    await using page = await ConsolePage.open(browser.context, node.url);
    await page.waitForLink("live");
    paints.push(await firstPaintMs(page));
  }
  const [one, all] = [
    await updates(browser.context, node, 1),
    await updates(browser.context, node, 50),
  ];
  const figures: Figure[] = [
    {
      name: "first load, gzip",
      value: `${(await firstLoadBytes() / 1000).toFixed(1)} kB`,
      aim: "200 kB",
    },
    { name: "first contentful paint", value: `${median(paints).toFixed(0)} ms`, aim: "1000 ms" },
    ...timings("one machine of 50 changes", one),
    ...timings("all 50 machines change", all),
  ];
  const table = `${await machine()}, 50 machines and 100 models.\n\n${figureTable(figures)}`;
  if (args.includes("--write")) await writeSection("The console", table);
  await Deno.stdout.write(new TextEncoder().encode(`${table}\n`));
}

function timings(name: string, ms: readonly number[]): Figure[] {
  return [
    { name: `${name}: page busy, median`, value: `${median(ms).toFixed(1)} ms`, aim: "16 ms" },
    { name: `${name}: page busy, p95`, value: `${quantile(ms, 0.95).toFixed(1)} ms` },
  ];
}

/** The files that index.html names, as a browser asks for them. */
async function firstLoadBytes(): Promise<number> {
  const assets = await loadConsoleAssets();
  const html = new TextDecoder().decode(assets?.get("index.html")?.body);
  const paths = [
    "index.html",
    ...[...html.matchAll(/"\/(assets\/[^"]+)"/g)].map(([, path = ""]) => path),
  ];
  return paths.reduce((sum, path) => sum + gzipSync(assets?.get(path)?.body ?? "").length, 0);
}

function firstPaintMs({ page }: ConsolePage): Promise<number> {
  return page.evaluate(() =>
    performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN
  );
}

/** Milliseconds that the page's main thread works on each status in which so many machines have changed. */
async function updates(
  context: Parameters<typeof ConsolePage.open>[0],
  node: CannedNode,
  machines: number,
): Promise<number[]> {
  await using shown = await ConsolePage.open(context, node.url);
  await shown.waitForLink("live");
  const session = await context.newCDPSession(shown.page);
  await session.send("Performance.enable");
  const busy: number[] = [];
  for (let count = 0; count < UPDATES; count++) {
    const before = await busyMs(session);
    const used = GB * (1 + (count % 10));
    node.setStatus(machines === 1 ? crowd(used) : everywhere(used));
    await shown.page.evaluate(() =>
      new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 30)))
    );
    busy.push(await busyMs(session) - before);
  }
  return busy;
}

function everywhere(usedBytes: number) {
  const status = crowd(usedBytes);
  for (const { devices } of status.peers) {
    for (const device of devices) device.usedBytes = usedBytes;
  }
  return status;
}

async function busyMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  const seconds = ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"]
    .map((wanted) => metrics.find(({ name }) => name === wanted)?.value ?? 0);
  return seconds.reduce((sum, value) => sum + value, 0) * 1000;
}
