/** Rules that hold for all pages of the console, in a real Chromium. */

import assert from "node:assert/strict";
import { continuedRequest, crowd, GB, peer, status, TOWER } from "../support/console_status.ts";
import { CATALOG } from "../support/catalog_entries.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const PEERS = [peer(), peer({ id: TOWER, name: "tower" })];

const REQUEST = continuedRequest();

const SCENES: Scenes = {
  "each first run has words and one action: no model, no llama.cpp, a mesh that is dead": {
    status: status({ models: [], node: { model: null, role: "standby" } }),
    async play({ node, console }) {
      const { page } = console;
      await console.waitForHeadline("No model is ready yet");
      await page.getByRole("button", { name: "Choose a model" }).click();
      await page.getByRole("heading", { name: "Models", level: 1 }).waitFor();
      await console.goTo("Chat");
      await page.getByRole("link", { name: "See the models" }).waitFor();
      await console.goTo("Mesh");
      node.setStatus(status({ models: [], node: { model: null, engine: null } }));
      await console.waitForHeadline("This machine has no llama.cpp");
      assert.equal(await console.copy("next-command"), "./mesh-llm engine install");
      const client = {
        model: null,
        role: "client" as const,
        vramBytes: 0,
        devices: [],
        engine: null,
      };
      node.setStatus(status({ models: [], node: client, mesh: { token: null } }));
      await console.waitForHeadline("No machine of the mesh answers");
      assert.equal(await console.copy("next-command"), "./mesh-llm --model guide");
    },
  },

  "axe finds nothing serious on any page, dark or light": {
    status: status({ peers: PEERS }),
    catalog: CATALOG,
    async play({ node, console }) {
      const ready = {
        Mesh: "#headline-title",
        Models: '[data-catalog="huge"]',
        Chat: ".composer",
        Activity: ".chart canvas",
        Agents: '[data-agent="pi"]',
      } as const;
      node.emit({ type: "request", request: REQUEST });
      for (const theme of ["dark", "light"]) {
        for (const [name, mark] of Object.entries(ready)) {
          await console.goTo(name as keyof typeof ready);
          await console.page.locator(mark).first().waitFor();
          assert.deepEqual(await console.seriousProblems(), [], `${name}, ${theme}`);
        }
        if (theme === "dark") {
          await console.page.getByRole("button", { name: "Switch to the light theme" }).click();
        }
      }
    },
  },

  "no page scrolls sideways, from a phone's width to a wide screen": {
    status: status({
      node: {
        name: "a-machine-with-a-long-name.local",
        tokensPerSecond: 123.4,
        clientsConnected: 12,
      },
      peers: PEERS,
    }),
    catalog: CATALOG,
    async play({ console }) {
      for (const name of ["Mesh", "Models", "Chat", "Activity", "Agents"] as const) {
        await console.goTo(name);
        for (const width of [320, 390, 760, 900, 1200, 1360, 2200]) {
          await console.page.setViewportSize({ width, height: 800 });
          await console.fitsSoon(`${name} at ${width} px`);
        }
      }
    },
  },

  "every page can be reached and left by the keyboard": {
    async play({ console }) {
      const { page } = console;
      await console.waitForLink("live");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
      await page.getByRole("link", { name: "Models" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Models", level: 1 }).waitFor();
      const outline = await page.getByRole("link", { name: "Models" }).evaluate((link) =>
        getComputedStyle(link).outlineStyle
      );
      assert.equal(outline, "solid");
    },
  },

  "with 50 machines and 100 models, a change of one draws one anew": {
    status: crowd(GB),
    async play({ node, console }) {
      const { page } = console;
      // Each other machine has a button that comes a moment later.
      await page.waitForFunction(() => {
        const [cards, buttons] = ["[data-machine]", ".removal"]
          .map((one) => document.querySelectorAll(one).length);
        return cards! > 1 && buttons === cards! - 1;
      });
      await page.evaluate(() => {
        const changed = (globalThis as { changed?: Set<string> }).changed = new Set<string>();
        new MutationObserver((records) => {
          for (const { target } of records) {
            const element = target instanceof Element ? target : target.parentElement;
            const owner = element?.closest("[data-machine], [data-topology], [data-model]");
            const names = owner?.getAttributeNames().filter((name) => name.startsWith("data-"));
            changed.add(
              owner
                ? `${names?.[0]} ${owner.getAttribute(names?.[0] ?? "")}`
                : `elsewhere: ${element?.outerHTML.slice(0, 200)}`,
            );
          }
        }).observe(document.querySelector("main")!, {
          subtree: true,
          childList: true,
          attributes: true,
          characterData: true,
        });
      });
      node.setStatus(crowd(6 * GB));
      await console.machine("12D3KooWPeer7").getByText("6\u00a0GB used").waitFor();
      const changed = await page.evaluate(() => [
        ...(globalThis as unknown as { changed: Set<string> }).changed,
      ]);
      assert.deepEqual(changed.sort(), [
        "data-machine 12D3KooWPeer7",
        "data-topology 12D3KooWPeer7",
      ]);
    },
  },
};

await playScenes("the whole console in Chromium", SCENES);
