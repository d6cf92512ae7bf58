/** Activity, agents, invites and the sign-in, in a real Chromium. */

import assert from "node:assert/strict";
import {
  busy,
  continuedRequest,
  instance,
  LONG,
  MINI,
  model,
  peer,
  SELF,
  status,
  TOWER,
} from "../support/console_status.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const PEERS = [peer(), peer({ id: TOWER, name: "tower" })];

const waitsItsTurn = instance({ state: "turn", contextLength: null });

const REQUEST = continuedRequest();

const SCENES: Scenes = {
  "Activity: shows a request with its timing, charts, and logs to search": {
    at: "activity",
    status: status({ peers: PEERS }),
    async play({ node, console }) {
      const { page } = console;
      await page.getByText("Nobody has asked anything yet.").waitFor();
      node.emit({ type: "request", request: REQUEST });
      const row = page.locator('[data-request="r1"]');
      await row.waitFor();
      assert.match(await console.textOf(row), /by mini/);
      assert.match(await console.textOf(row), /12 → 100 tokens/);
      assert.match(await console.textOf(row), /continued on another machine/);
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
    status: status({
      models: [
        model(),
        model({ name: "big", instances: [instance({ contextLength: 131_072, slots: 2 })] }),
        model({ name: "next", state: "turn", instances: [waitsItsTurn] }),
      ],
    }),
    async play({ console }) {
      const { page } = console;
      const aider = page.locator('[data-agent="aider"]');
      const claude = page.locator('[data-agent="claude"]');
      await claude.getByText("Claude Code needs a context of 64000 tokens").waitFor();
      await claude.getByText("export CLAUDE_CODE_MAX_CONTEXT_TOKENS=4096").waitFor();
      await page.getByText("A request may have 4\u00a0K tokens").waitFor();
      await aider.getByText("aider --model openai/guide").waitFor();
      await page.getByLabel("Model").selectOption("big");
      await aider.getByText("aider --model openai/big").waitFor();
      await page.getByText(/128.K tokens, .* and 2.requests are answered at one time/).waitFor();
      await claude.getByText("export CLAUDE_CODE_MAX_CONTEXT_TOKENS=131072").waitFor();
      assert.equal(await page.getByText("needs a context of").count(), 0);
      await page.getByLabel("Model").selectOption({ label: "next (waits its turn)" });
      await page.getByText("Is loaded once studio ends what is being answered").waitFor();
      await aider.getByText("aider --model openai/next").waitFor();
      await page.getByLabel("Model").selectOption("big");
      assert.equal(await page.locator("#agent-model").count(), 0);
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

  "Agents: any address that the API listens at, and the limits as they change": {
    at: "agents",
    listen: "0.0.0.0",
    async play({ node, console }) {
      const { page } = console;
      const aider = page.locator('[data-agent="aider"]');
      await aider.getByText("OPENAI_API_BASE=http://127.0.0.1:").waitFor();
      const outside = Deno.networkInterfaces().filter(({ family, address }) =>
        family === "IPv4" && !address.startsWith("127.") && !address.startsWith("169.254.")
      );
      for (const { name, address } of outside) {
        assert.equal(await page.locator("#open-api").count(), 0);
        await page.getByLabel("Reached by").selectOption({ label: `${name}: ${address}` });
        await aider.getByText(`OPENAI_API_BASE=http://${address}:`).waitFor();
        assert.match(await page.locator("#agents-test").innerText(), RegExp(`//${address}:`));
      }
      node.setStatus(
        status({ models: [model({ instances: [instance({ contextLength: 8_192 })] })] }),
      );
      await page.getByText("CLAUDE_CODE_MAX_CONTEXT_TOKENS=8192").waitFor();
    },
  },

  "Agents: a key that is made here is in the settings, and lets their test in": {
    at: "agents",
    async play({ console }) {
      const { page } = console;
      await page.getByText("./mesh-llm --listen 0.0.0.0").waitFor();
      await page.getByText("The API asks nobody for a key.").waitFor();
      await page.getByLabel("For which program or person").fill("laptop");
      await page.getByRole("button", { name: "Make a key" }).click();
      const key = await page.locator("#made-key code").textContent() ?? "";
      assert.match(key, /^sk-mesh-/);
      const aider = page.locator('[data-agent="aider"]');
      await aider.getByText(`export OPENAI_API_KEY=${key}`).waitFor();
      const test = await page.locator("#agents-test code").textContent() ?? "";
      const { stdout } = await new Deno.Command("sh", { args: ["-c", `${test} -s`] }).output();
      assert.match(new TextDecoder().decode(stdout), /\[DONE\]/);
      await page.getByText("laptop for all models").waitFor();
      await page.getByLabel("For which program or person").fill("laptop");
      await page.getByRole("button", { name: "Make a key" }).click();
      await page.getByText("There is a key 'laptop' already").waitFor();
      const other = page.getByRole("button", { name: "Remove the key other" });
      await page.evaluate(() =>
        fetch("/api/keys", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: "other" }),
        })
      );
      await console.goTo("Mesh");
      await console.goTo("Agents");
      // Nobody is shown a key twice, and whoever has one fills it in.
      await aider.getByText("export OPENAI_API_KEY=your-api-key").waitFor();
      const confirm = (key: string) => {
        const group = page.getByRole("group", { name: `Remove the key ${key}` });
        return group.getByRole("button", { name: `Remove the key ${key}` }).click();
      };
      await other.click();
      await confirm("other");
      await other.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Remove the key laptop" }).click();
      await confirm("laptop");
      await aider.getByText("export OPENAI_API_KEY=none").waitFor();
    },
    expectedErrors: /409/,
  },

  "Mesh: shows all that each machine runs, what it takes of each device, and every copy of a model":
    {
      status: busy(),
      theme: "light",
      async play({ console }) {
        const { page } = console;
        await console.waitForHeadline("chat, rerank and wide are ready");
        const card = console.machine(SELF);
        assert.match(
          await console.textOf(card),
          /^studiohost.*Runs chat by itself, pinned.*Loads 70\u00a0% of Qwen3.*, pinned.*Runs rerank by itself/,
        );
        const bar = (name: string) =>
          card.getByRole("meter", { name: `Memory of studio: ${name}` }).getAttribute(
            "aria-valuetext",
          );
        assert.match(
          await bar("CUDA0") ?? "",
          /^13\.5\u00a0GB used .*, chat 9\u00a0GB, Qwen3.*… 3\u00a0GB, rerank 1\u00a0GB$/,
        );
        assert.match(await bar("CPU") ?? "", /^4\u00a0GB used .* in all, Qwen3.*… 4\u00a0GB$/);
        assert.match(
          await console.textOf(console.machine(MINI)),
          /Runs 40\u00a0% of wide for tower.*Loads 30\u00a0% of Qwen3.* for studio/,
        );
        const circle = page.locator(`[data-topology="${SELF}"]`);
        assert.deepEqual(await circle.locator(".topo-role").allTextContents(), [
          "runs chat",
          `loads ${LONG.slice(0, 9)}…`,
          "runs rerank",
        ]);
        assert.equal(await circle.locator(".topo-used").count(), 3);
        const copies = console.model("rerank").locator(".instance");
        assert.match(await console.textOf(copies.first()), /^on studioready/);
        assert.match(
          await console.textOf(copies.last()),
          /^on towerready.*because it is asked for/,
        );
        assert.deepEqual(await console.seriousProblems(), []);
        for (const width of [320, 390, 760, 1000, 1440]) {
          await page.setViewportSize({ width, height: 800 });
          await console.fitsSoon(`a busy mesh at ${width} px`);
        }
      },
    },

  "Mesh: tells who joined and who died as it happens": {
    status: status({ peers: [peer()] }),
    async play({ node, console }) {
      const { page } = console;
      await console.waitForLink("live");
      node.setStatus(status({ peers: PEERS }));
      const news = page.getByRole("list", { name: "Machines that joined and left" });
      await news.getByText("tower joined the mesh").waitFor();
      await page.locator(`[data-topology="${TOWER}"]`).waitFor();
      node.emit({ type: "peer", peer: MINI, name: "mini", change: "died" });
      node.setStatus(status({ peers: [PEERS[1]!] }));
      await news.getByText("mini stopped answering").waitFor();
      await page.locator(`[data-topology="${MINI}"]`).waitFor({ state: "detached" });
      assert.equal(await news.getByRole("listitem").count(), 2);
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
      await page.getByLabel("What it does").selectOption("client");
      await page.getByLabel("Name of the machine or its owner").fill("Ann");
      await page.getByRole("button", { name: "Make its command" }).click();
      assert.deepEqual(await asked.promise, { role: "client", name: "Ann" });
      assert.equal(
        await console.copy("join-command"),
        "MESH_LLM_JOIN=anns-token ./mesh-llm --client",
      );
      await page.getByRole("button", { name: "Invites that were made" }).click();
      await page.getByRole("button", { name: "Revoke Ann" }).click();
      await page.getByText("Every node that joined by it is cut off.").waitFor();
      await page.getByRole("button", { name: "Revoke Ann" }).click();
      await page.getByText("asks questions only, revoked").waitFor();
    },
  },

  "Mesh: removes a machine, and says first who stays and who does not": {
    status: status({ peers: PEERS }),
    async play({ node, console }) {
      const { page } = console;
      node.onRemoval = (id) =>
        Promise.resolve({
          machine: { id, name: "mini" },
          stays: [{ id: TOWER, name: "tower" }],
          lost: [{ id: "away", name: "laptop" }],
        });
      const card = page.locator(`[data-machine="${MINI}"]`);
      await card.getByRole("button", { name: "Remove mini", exact: true }).click();
      await card.getByText("mini leaves the mesh, with every invite that it has made.").waitFor();
      await card.getByText("These came by its invites, and stay: tower.").waitFor();
      await card.getByText("have to be invited again: laptop.").waitFor();
      assert.deepEqual(node.removed, []);
      await card.getByRole("button", { name: "Remove mini", exact: true }).click();
      await card.getByText("mini leaves the mesh").waitFor({ state: "detached" });
      assert.deepEqual(node.removed, [MINI]);
      assert.equal(await page.getByRole("button", { name: /^Remove (mini|tower)$/ }).count(), 2);
    },
  },

  "is signed in by an address that counts once, and stays so": {
    adminKey: "s3cret",
    expectedErrors: /status of 401/,
    async play({ node, console }) {
      const { page } = console;
      await page.getByText("Sign in to see this node.").waitFor();
      const address = node.signInUrl();
      // In the page's own tab, where only the part behind the # changes.
      await page.evaluate((url) => location.assign(url), address);
      await console.waitForHeadline("guide is ready");
      assert.equal(await page.evaluate(() => location.href), `${node.url}/`);
      await page.reload();
      await console.waitForHeadline("guide is ready");
      assert.equal(await page.evaluate(() => document.cookie), "", "no script reads the session");
      await page.context().clearCookies();
      await page.goto("about:blank");
      await page.goto(address);
      await page.getByText("Sign in to see this node.").waitFor();
      await page.goto("about:blank");
      await page.goto(node.signInUrl());
      await console.waitForHeadline("guide is ready");
    },
  },

  "asks for the admin key where the node wants one": {
    adminKey: "s3cret",
    expectedErrors: /status of 401/,
    async play({ console }) {
      const { page } = console;
      await page.getByText("Sign in to see this node.").waitFor();
      await page.getByLabel("Admin key").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("#connection-notice .problem").waitFor();
      await page.getByLabel("Admin key").fill("s3cret");
      await page.getByRole("button", { name: "Sign in" }).click();
      await console.waitForLink("live");
      await console.waitForHeadline("guide is ready");
    },
  },
};

await playScenes("the other pages in Chromium", SCENES);
