/**
 * Draws the pictures of the console in docs/: the real page before a node that reports a made-up mesh. Run: `deno run
 * -A scripts/screenshots.ts`.
 */

import type { BrowserContext, Page } from "playwright-core";
import type { CatalogEntry, PeerStatus, RequestRecord, Status } from "../src/api/mod.ts";
import { CannedNode } from "../tests/support/canned_node.ts";
import { entry, SOLO, SPLIT, TOO_LARGE } from "../tests/support/catalog_entries.ts";
import { findChromium, startChromium } from "../tests/support/chromium.ts";
import { ConsolePage, type OpenOptions } from "../tests/support/console_page.ts";
import {
  GB,
  instance,
  MINI,
  model,
  peer,
  SELF,
  status,
  TOWER,
} from "../tests/support/console_status.ts";
import { buildConsole } from "./build_console.ts";
import { fromRoot } from "./run.ts";

/** From one token to the next. */
const TOKEN_MS = 30;

const QWEN = "Qwen3-30B-A3B-Q4_K_M";

const KINDS: Readonly<Record<string, "cpu" | "integrated">> = {
  CPU: "cpu",
  "Apple M4": "integrated",
};

const device = (name: string, totalBytes: number, offeredBytes: number, usedBytes: number) => ({
  kind: KINDS[name] ?? "discrete" as const,
  name,
  totalBytes: totalBytes * GB,
  offeredBytes: offeredBytes * GB,
  usedBytes: usedBytes * GB,
});

/** The machines serve their parts in those of the models that are theirs. */
const withPeers = (vramBytes: number, peers: PeerStatus[]): Status =>
  status({
    node: {
      model: QWEN,
      tokensPerSecond: 31.4,
      vramBytes: 22 * GB,
      devices: [device("Radeon RX 7900 XTX", 24, 22, 13.4)],
    },
    mesh: { vramBytes },
    peers,
    models: [
      model({
        name: QWEN,
        sizeBytes: 18.6 * GB,
        instances: [
          instance({ mode: "split", hostShare: 0.67, workers: [{ id: MINI, share: 0.33 }] }),
        ],
      }),
      model({ instances: [instance({ host: TOWER })] }),
    ],
  });

const PEERS: readonly PeerStatus[] = [
  peer({
    id: TOWER,
    name: "tower",
    role: "host",
    model: "guide",
    rttMs: 3,
    devices: [device("CPU", 16, 12, 0.1)],
  }),
  peer({ id: "12D3KooWLaptop", name: "laptop", rttMs: 12, devices: [device("CPU", 16, 12, 0)] }),
];

const WITHOUT_MINI = withPeers(46 * GB, [...PEERS]);

const MESH = withPeers(64 * GB, [
  peer({
    name: "mini",
    role: "worker",
    model: QWEN,
    vramBytes: 18 * GB,
    devices: [device("Apple M4", 24, 18, 6.6)],
  }),
  ...PEERS,
]);

const CATALOG: CatalogEntry[] = [
  entry({
    name: QWEN,
    places: ["disk", "catalog"],
    sizeBytes: 18.6 * GB,
    state: "warm",
    fit: { ...SPLIT, needBytes: 20 * GB, nodes: [{ id: SELF, share: 2 }, { id: MINI, share: 1 }] },
  }),
  entry({
    name: "gemma-3-12b-it-Q4_K_M",
    architecture: "gemma3",
    vision: true,
    sizeBytes: 7.3 * GB,
    contextLength: 131_072,
    download: {
      state: "running",
      receivedBytes: 3.2 * GB,
      totalBytes: 7.3 * GB,
      bytesPerSecond: 42e6,
      secondsLeft: 97,
      error: null,
    },
  }),
  entry({
    name: "Qwen2.5-72B-Instruct-IQ3_XXS",
    architecture: "qwen2",
    quantisation: "IQ3_XXS",
    places: ["disk"],
    sizeBytes: 31.8 * GB,
    contextLength: 131_072,
    fit: { ...SPLIT, needBytes: 34 * GB },
  }),
  entry({ fit: SOLO }),
  entry({
    name: "DeepSeek-R1-Q4_K_M",
    architecture: "deepseek2",
    sizeBytes: 404 * GB,
    fit: TOO_LARGE,
  }),
];

const ANSWER = [
  "A **hash map** finds a value by its key in about one step. In Python it is the `dict`:",
  '```python\ncounts = {}\nfor word in "to be or not to be".split():\n' +
  "    # 0 for a word that is new\n    counts[word] = counts.get(word, 0) + 1\n```",
  "| word | count |\n|---|--:|\n| to | 2 |\n| be | 2 |\n| or | 1 |\n| not | 1 |",
].join("\n\n");

function requests(now: number): RequestRecord[] {
  return Array.from({ length: 36 }, (_, index) => {
    const totalMs = 700 + (index * 937) % 5_000;
    const own = index % 3 > 0;
    return {
      id: `r${index}`,
      time: new Date(now - index * 15_000 - totalMs).toISOString(),
      model: own ? QWEN : "guide",
      host: own ? SELF : TOWER,
      path: "/v1/chat/completions",
      status: 200,
      queueMs: index % 4 === 1 ? 180 : 0,
      connectMs: own ? null : 14,
      firstByteMs: 0.3 * totalMs,
      totalMs,
      tokensIn: 120 + index,
      tokensOut: Math.round(totalMs / 30),
      streamed: true,
      retries: 0,
      continuations: index === 2 ? 1 : 0,
      continuedBy: index === 2 ? [TOWER] : [],
    };
  });
}

interface Picture extends OpenOptions {
  readonly file: string;
  /** How the mesh is when the page opens. */
  readonly before?: Status;
  readonly prepare: (console: ConsolePage, node: CannedNode) => Promise<unknown>;
}

const sayServe = ({ page }: ConsolePage) =>
  page.getByRole("button", { name: "Serve: Qwen2.5-72B-Instruct-IQ3_XXS" }).click();

async function chat(console: ConsolePage): Promise<void> {
  await console.ask("What is a hash map? Show me one in Python.");
  await console.page.locator(".hljs-keyword").first().waitFor();
  await console.answer();
}

async function joined(console: ConsolePage, node: CannedNode): Promise<void> {
  await console.machine(TOWER).waitFor();
  node.setStatus(MESH);
  await console.page.locator(`[data-topology="${MINI}"]`).waitFor();
}

const WIDE = { width: 1360, height: 860 };

const PICTURES: readonly Picture[] = [
  { ...WIDE, file: "console.png", before: WITHOUT_MINI, prepare: joined },
  { ...WIDE, file: "console-models.png", at: "models", prepare: sayServe },
  { ...WIDE, file: "console-chat.png", at: "chat", prepare: chat },
  {
    ...WIDE,
    file: "console-activity.png",
    at: "activity",
    prepare: ({ page }) => page.locator(".chart canvas").first().waitFor(),
  },
  {
    width: 390,
    height: 844,
    theme: "light",
    file: "console-phone.png",
    before: WITHOUT_MINI,
    prepare: joined,
  },
];

async function draw(context: BrowserContext, node: CannedNode, picture: Picture): Promise<void> {
  node.setStatus(picture.before ?? MESH);
  await using shown = await ConsolePage.open(context, node.url, picture);
  await shown.waitForLink("live");
  await picture.prepare(shown, node);
  await settle(shown.page);
  await shown.page.screenshot({ path: fromRoot(`docs/${picture.file}`) });
}

/** Bars and colours move to their places. */
async function settle(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() =>
    Promise.all(
      document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity)
        .map(({ finished }) => finished),
    )
  );
}

const chromium = await findChromium();
if (chromium.kind === "missing") throw new Error(chromium.reason);
await buildConsole();
await using node = await CannedNode.start(MESH, { catalog: CATALOG });
node.onChat = async (chat) => {
  for (const piece of ANSWER.match(/[^]{1,4}/g) ?? []) {
    chat.delta({ content: piece });
    await new Promise((resolve) => setTimeout(resolve, TOKEN_MS));
  }
  chat.finish(90);
};
for (const request of requests(Date.now())) node.emit({ type: "request", request });
await using browser = await startChromium(chromium.path);
for (const picture of PICTURES) await draw(browser.context, node, picture);
