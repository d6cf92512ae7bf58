/** The page of models in a real Chromium. */

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { peer, status, TOWER } from "../support/console_status.ts";
import { AFTER, CATALOG, entry, RUNNING, SPLIT, TOO_LARGE } from "../support/catalog_entries.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const PEERS = [peer(), peer({ id: TOWER, name: "tower" })];

function colourOf(element: Locator): Promise<string> {
  return element.evaluate((one) => getComputedStyle(one).color);
}

const SCENES: Scenes = {
  "Models: says what will happen, and then does it": {
    at: "models",
    status: status({ peers: PEERS }),
    catalog: CATALOG,
    async play({ node, console }) {
      const { page } = console;
      const row = (name: string) => page.locator(`[data-catalog="${name}"]`);
      await row("big").getByText("Fits split over 2\u00a0machines").waitFor();
      await page.getByRole("button", { name: "Serve: big" }).click();
      assert.match(
        await console.textOf(row("big").getByRole("group")),
        /big will be split over 2\u00a0machines: 60\u00a0% here and 40\u00a0% on mini\.Serve/,
      );
      assert.deepEqual(node.done, []);
      await row("big").getByRole("button", { name: "Serve", exact: true }).click();
      await row("big").getByRole("group").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Stop serving: guide" }).click();
      await row("guide").getByRole("button", { name: "Stop serving", exact: true }).click();
      await row("guide").getByRole("group").waitFor({ state: "detached" });
      assert.deepEqual(node.done, ["serve big", "drop guide"]);
      assert.match(await console.textOf(row("huge")), /Does not fit: needs 430\.0 GB/);
    },
  },

  "Models: of two of one name the chosen one is served": {
    at: "models",
    status: status(),
    catalog: ["twin@aaaaaaaa", "twin@bbbbbbbb"].map((id) =>
      entry({ id, name: "twin", places: ["disk"] })
    ),
    async play({ node, console }) {
      const row = console.page.locator('[data-catalog="twin@bbbbbbbb"]');
      await console.page.getByRole("button", { name: "Serve: twin@bbbbbbbb" }).click();
      await row.getByRole("button", { name: "Serve", exact: true }).click();
      await row.getByRole("group").waitFor({ state: "detached" });
      assert.deepEqual(node.done, ["serve twin@bbbbbbbb"]);
    },
  },

  "Models: a download can be paused, resumed and cancelled, and says why it failed": {
    at: "models",
    catalog: CATALOG,
    async play({ node, console }) {
      const { page } = console;
      const row = page.locator('[data-catalog="arriving"]');
      await row.getByText("2\u00a0GB of 5\u00a0GB, 40\u00a0MB/s, 1\u00a0min 15\u00a0s left")
        .waitFor();
      node.catalog = [entry({ name: "arriving", download: { ...RUNNING, state: "paused" } })];
      await page.getByRole("button", { name: "Pause: arriving" }).click();
      await row.getByText("Paused at 2\u00a0GB of 5\u00a0GB").waitFor();
      const error = "The disk is full: free 3 GB and resume";
      node.catalog = [
        entry({ name: "arriving", download: { ...RUNNING, state: "failed", error } }),
      ];
      await page.getByRole("button", { name: "Resume: arriving" }).click();
      await row.getByText(error).waitFor();
      await page.getByRole("button", { name: "Cancel: arriving" }).click();
      await row.getByRole("button", { name: "Remove it" }).click();
      await row.getByRole("group").waitFor({ state: "detached" });
      await page.getByLabel(/^Another model/).fill("org/repo:Q4_K_M");
      node.catalog = [];
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await page.getByText("No model matches.").waitFor();
      assert.deepEqual(node.done, [
        "pause arriving",
        "download arriving",
        "cancel arriving",
        "download org/repo:Q4_K_M",
      ]);
    },
  },

  // Users saw a model that waited in green, as one that fits.
  "Models: one that waits, or would fit, is not shown like one that fits": {
    at: "models",
    catalog: [
      entry({ name: "fits", places: ["disk"] }),
      entry({ name: "split", places: ["disk"], fit: SPLIT }),
      entry({ name: "after", places: ["disk"], fit: AFTER }),
      entry({ name: "waits", places: ["disk"], fit: SPLIT, state: "waiting" }),
      entry({ name: "waits-after", places: ["disk"], fit: AFTER, state: "waiting" }),
      entry({ name: "huge", fit: TOO_LARGE }),
    ],
    async play({ console }) {
      const { page } = console;
      const look = async (name: string) => {
        const words = page.locator(`[data-catalog="${name}"] .fit > :first-child`);
        return { text: await words.innerText(), colour: await colourOf(words) };
      };
      await page.locator('[data-catalog="huge"]').waitFor();
      const green = (await look("fits")).colour;
      assert.equal((await look("split")).colour, green);
      const others = ["after", "waits", "waits-after", "huge"];
      const seen = await Promise.all(others.map(look));
      assert.deepEqual(seen.map(({ text }) => text), [
        "Would fit if mini stopped guide",
        "Waits for memory",
        "Would fit if mini stopped guide",
        "Does not fit",
      ]);
      for (const { text, colour } of seen) assert.notEqual(colour, green, text);
    },
  },

  "Models: are found by name and by what fits": {
    at: "models",
    catalog: CATALOG,
    async play({ console }) {
      const { page } = console;
      const names = () => page.locator("[data-catalog] h3 bdi").allInnerTexts();
      await page.locator('[data-catalog="huge"]').waitFor();
      await page.getByLabel("Only what fits").check();
      await page.locator('[data-catalog="huge"]').waitFor({ state: "detached" });
      await page.getByLabel("Find a model").fill("smal");
      await page.locator('[data-catalog="big"]').waitFor({ state: "detached" });
      assert.deepEqual(await names(), ["small"]);
    },
  },
};

await playScenes("the models in Chromium", SCENES);
