/** The pages beside the mesh and the chat in a real Chromium, and what holds for all of them. */

import assert from "node:assert/strict";
import type { RequestRecord } from "../../src/api/mod.ts";
import { crowd, GB, MINI, model, peer, status, TOWER } from "../support/console_status.ts";
import { entry, SPLIT, TOO_LARGE } from "../support/catalog_entries.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const PEERS = [peer(), peer({ id: TOWER, name: "tower" })];

const RUNNING = {
  state: "running" as const,
  receivedBytes: 2 * GB,
  totalBytes: 5 * GB,
  bytesPerSecond: 40e6,
  secondsLeft: 75,
  error: null,
};

const CATALOG = [
  entry({ name: "guide", places: ["disk"], state: "warm" }),
  entry({ name: "big", places: ["disk"], fit: SPLIT }),
  entry({ name: "huge", fit: TOO_LARGE }),
  entry({ name: "small" }),
  entry({ name: "arriving", download: RUNNING }),
];

const REQUEST: RequestRecord = {
  id: "r1",
  time: new Date(Date.now() - 5_000).toISOString(),
  model: "guide",
  host: MINI,
  path: "/v1/chat/completions",
  status: 200,
  queueMs: 10,
  connectMs: 20,
  firstByteMs: 130,
  totalMs: 1_130,
  tokensIn: 12,
  tokensOut: 100,
  streamed: true,
  retries: 0,
  continuations: 1,
  continuedBy: [TOWER],
};

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
        await row("big").getByRole("group").innerText(),
        /big will be split over 2\u00a0machines: 60\u00a0% here and 40\u00a0% on mini\. guide stops/,
      );
      assert.deepEqual(node.done, []);
      await row("big").getByRole("button", { name: "Serve", exact: true }).click();
      await row("big").getByRole("group").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Stop serving: guide" }).click();
      await row("guide").getByRole("button", { name: "Stop serving", exact: true }).click();
      await row("guide").getByRole("group").waitFor({ state: "detached" });
      assert.deepEqual(node.done, ["serve big", "drop guide"]);
      assert.match(await row("huge").innerText(), /Does not fit: needs 430\.0 GB/);
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

  "Activity: shows a request with its timing, charts, and logs to search": {
    at: "activity",
    status: status({ peers: PEERS }),
    async play({ node, console }) {
      const { page } = console;
      await page.getByText("Nobody has asked anything yet.").waitFor();
      node.emit({ type: "request", request: REQUEST });
      const row = page.locator('[data-request="r1"]');
      await row.waitFor();
      assert.match(await row.innerText(), /by mini/);
      assert.match(await row.innerText(), /12 → 100 tokens/);
      assert.match(await row.innerText(), /continued on another machine/);
      assert.equal(
        await row.getByRole("img").getAttribute("aria-label"),
        "waiting 10\u00a0ms, network 20\u00a0ms, prompt 100\u00a0ms, answer 1\u00a0s",
      );
      assert.equal(await page.locator(".chart canvas").count(), 3);
      const line = { time: new Date().toISOString(), event: "log" };
      node.emit({ type: "log", line: { ...line, level: "info", message: "Serving guide" } });
      node.emit({
        type: "log",
        line: { ...line, level: "warning", message: "<b>mini</b> is slow" },
      });
      const log = page.locator(".log");
      await log.getByText("<b>mini</b> is slow").waitFor();
      await page.getByLabel("Only trouble").check();
      await log.getByText("Serving guide").waitFor({ state: "detached" });
      await page.getByLabel("Only trouble").uncheck();
      await page.getByLabel("Whose log").selectOption("llama-server");
      await log.getByText("main: model loaded").waitFor();
    },
  },

  "Agents: settings for the chosen model, ready to copy": {
    at: "agents",
    status: status({ models: [model(), model({ name: "big" })] }),
    async play({ console }) {
      const { page } = console;
      const aider = page.locator('[data-agent="aider"]');
      await aider.getByText("aider --model openai/guide").waitFor();
      await page.getByLabel("Model").selectOption("big");
      await aider.getByText("aider --model openai/big").waitFor();
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await aider.getByRole("button", { name: "Copy commands for aider" }).click();
      await aider.locator('[data-outcome="copied"]').waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(
        copied,
        /^export OPENAI_API_BASE=http:\/\/127\.0\.0\.1:\d+\/v1\nexport OPENAI_API_KEY=none\naider/,
      );
    },
  },

  "Mesh: tells who joined and who died as it happens, and shows the token as a QR code": {
    status: status({ peers: [peer()] }),
    async play({ node, console }) {
      const { page } = console;
      await console.waitForLink("live");
      node.setStatus(status({ peers: PEERS }));
      const news = page.getByRole("list", { name: "Who came and went" });
      await news.getByText("tower joined the mesh").waitFor();
      await page.locator(`[data-topology="${TOWER}"]`).waitFor();
      node.emit({ type: "peer", peer: MINI, name: "mini", change: "died" });
      node.setStatus(status({ peers: [PEERS[1]!] }));
      await news.getByText("mini stopped answering").waitFor();
      await page.locator(`[data-topology="${MINI}"]`).waitFor({ state: "detached" });
      assert.equal(await news.getByRole("listitem").count(), 2);
      await page.getByRole("button", { name: "Show QR code" }).click();
      await page.getByRole("img", { name: "The invite token as a QR code" }).waitFor();
    },
  },

  "Mesh: makes an invite for one person and revokes it": {
    async play({ node, console }) {
      const { page } = console;
      const asked = Promise.withResolvers<unknown>();
      node.onInvite = (options) => {
        asked.resolve(options);
        node.invites = [{
          id: "i1",
          role: "client",
          name: "Ann",
          mayInvite: false,
          expiresAt: null,
          state: "valid",
          createdAt: 1,
          usedBy: [MINI],
        }];
        return Promise.resolve("anns-token");
      };
      await page.getByRole("button", { name: /^Other invites/ }).click();
      await page.getByLabel("Its holder").selectOption("client");
      await page.getByLabel("For whom").fill("Ann");
      await page.getByRole("button", { name: "Make an invite" }).click();
      assert.deepEqual(await asked.promise, { role: "client", name: "Ann" });
      assert.equal(await console.copy("made-invite"), "./mesh-llm --client --join anns-token");
      await page.getByRole("button", { name: "Revoke Ann" }).click();
      await page.getByText("Whoever came by it is cut off.").waitFor();
      await page.getByRole("button", { name: "Revoke it" }).click();
      await page.getByText("asks questions only, revoked").waitFor();
    },
  },

  "asks for the admin key where the node wants one": {
    adminKey: "s3cret",
    expectedErrors: /status of 401/,
    async play({ console }) {
      const { page } = console;
      await page.getByText("This node asks who you are.").waitFor();
      await page.getByLabel("Admin key").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("#connection-notice .problem").waitFor();
      await page.getByLabel("Admin key").fill("s3cret");
      await page.getByRole("button", { name: "Sign in" }).click();
      await console.waitForLink("live");
      await console.waitForHeadline("guide is warm");
    },
  },

  "each first run has words and one action: no model, no llama.cpp, a mesh that is dead": {
    status: status({ models: [], node: { model: null, role: "standby" } }),
    async play({ node, console }) {
      const { page } = console;
      await console.waitForHeadline("No model is warm yet");
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
      await console.machine(`12D3KooWPeer7`).waitFor();
      await page.evaluate(() => {
        const changed = (globalThis as { changed?: Set<string> }).changed = new Set<string>();
        new MutationObserver((records) => {
          for (const { target } of records) {
            const element = target instanceof Element ? target : target.parentElement;
            const owner = element?.closest("[data-machine], [data-topology], [data-model]");
            const names = owner?.getAttributeNames().filter((name) => name.startsWith("data-"));
            changed.add(`${names?.[0]} ${owner?.getAttribute(names?.[0] ?? "")}`);
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

await playScenes("the other pages in Chromium", SCENES);
