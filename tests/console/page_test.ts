/** The page in a real Chromium, before the real API of a node whose state the test makes up. */

import assert from "node:assert/strict";
import type { LanStatus } from "../../src/api/base/types.ts";
import { GB, instance, MINI, model, peer, SELF, status, TOWER } from "../support/console_status.ts";
import { CONNECTION_ERRORS, playScenes, type Scenes } from "./scenes.ts";

const SPLIT = instance({
  mode: "split",
  hostShare: 2 / 3,
  workers: [{ id: MINI, share: 1 / 3 }],
});

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>`;

const LAN: LanStatus = {
  state: "announced",
  problem: null,
  mesh: { name: "studio", shortId: "0a1b2c3d" },
  meshes: [],
  peers: [],
};

const SCENES: Scenes = {
  "says which model is ready, where, and what to do next": {
    status: status({
      node: { model: "big" },
      peers: [peer({ role: "worker", name: "mini" }), peer({ id: TOWER, name: "tower" })],
      models: [model({ name: "big", sizeBytes: 18e9, instances: [SPLIT] })],
    }),
    async play({ console }) {
      await console.waitForLink("live");
      await console.waitForHeadline("big is ready");
      assert.equal(await console.page.title(), "big is ready · mesh-llm");
      assert.equal(await console.page.locator("#mesh-memory").innerText(), "48\u00a0GB");
      assert.equal(await console.page.locator("#mesh-machines").innerText(), "3");
      assert.match(await console.textOf(console.machine(SELF)), /Runs 67\u00a0% of big/);
      assert.match(await console.textOf(console.machine(MINI)), /Runs 33\u00a0% of big for studio/);
      assert.match(await console.textOf(console.machine(MINI)), /0\.4\u00a0ms away/);
      assert.match(await console.textOf(console.machine(TOWER)), /towerfree.*Free to help/);
      await console.page.getByRole("button", { name: "Start a chat" }).click();
      await console.page.getByRole("textbox", { name: "Your question" }).waitFor();
      assert.equal(await console.page.evaluate(() => document.activeElement?.id), "question");
    },
  },

  "lists the machines of this network, as they come and go, and takes no name for markup": {
    status: status({ peers: [peer()], lan: LAN }),
    async play({ node, console }) {
      const panel = console.page.getByRole("region", { name: "Machines on this network" });
      await panel.getByText("Nobody else was found here yet").waitFor();
      const address = `/ip4/192.168.1.5/udp/47001/quic-v1/p2p/${MINI}`;
      const hostile = {
        name: HOSTILE,
        shortId: "ffffffff",
        machines: 1,
        addresses: ["10.0.0.9:1"],
      };
      node.setStatus(status({
        peers: [peer()],
        lan: { ...LAN, meshes: [hostile], peers: [{ id: MINI, addresses: [address] }] },
      }));
      const rows = panel.getByRole("listitem");
      await rows.nth(1).waitFor();
      assert.match(
        await console.textOf(rows.nth(0)),
        /^mini machine of this mesh, at 192\.168\.1\.5$/,
      );
      assert.match(
        await console.textOf(rows.nth(1)),
        /<script>.*'s mesh another mesh \(ffffffff\)/,
      );
      assert.notEqual(await console.page.title(), "owned");
      node.setStatus(status({ peers: [peer()], lan: LAN }));
      await rows.nth(0).waitFor({ state: "detached" });
      node.setStatus(status({ peers: [peer()], lan: { ...LAN, state: "off" } }));
      await panel.waitFor({ state: "detached" });
    },
  },

  "follows the node: loading with progress, then warm": {
    status: status({
      models: [model({ state: "loading", instances: [instance({ state: "loading" })] })],
    }),
    async play({ node, console }) {
      await console.waitForHeadline("Loading guide");
      const bar = console.page.getByRole("progressbar", { name: "Loading guide" });
      assert.equal(await bar.getAttribute("aria-valuetext"), "Starting");
      node.emit({ type: "progress", task: "load", model: "guide", fraction: 0.42 });
      await console.model("guide").getByText("42\u00a0% loaded").waitFor();
      assert.equal(await bar.getAttribute("aria-valuenow"), "42");
      node.setStatus(status());
      await console.waitForHeadline("guide is ready");
      await console.waitForModel("guide", "warm");
    },
  },

  "says both numbers of a model that waits, and leads to the invite": {
    status: status({
      node: { role: "standby", model: null },
      models: [model({
        name: "big",
        state: "waiting",
        instances: [instance({ state: "waiting", needBytes: 46.2 * GB, haveBytes: 24 * GB })],
      })],
    }),
    async play({ console }) {
      await console.waitForHeadline("big waits for memory");
      assert.match(
        await console.textOf(console.model("big")),
        /Needs 46\.2\u00a0GB, 24\u00a0GB is free for it/,
      );
      await console.page.getByRole("button", { name: "Add a machine", exact: true }).click();
      assert.equal(await console.page.evaluate(() => document.activeElement?.id), "invite");
    },
  },

  "shows on its first page what stands in the way, and what to do about it, as text": {
    status: status({
      models: [model({ state: "waiting", instances: [instance({ state: "waiting" })] })],
      findings: [{
        about: "waiting",
        level: "problem",
        found: `guide waits for memory, and ${HOSTILE} can't lend theirs`,
        remedy: "Run mesh-llm engine install --like ann here, and start it again",
      }],
    }),
    async play({ node, console }) {
      const finding = console.page.locator(".finding");
      await finding.waitFor();
      const text = await console.textOf(finding);
      assert.match(text, /^Problem guide waits for memory, and <img src=x/);
      assert.match(text, /Run mesh-llm engine install --like ann here, and start it again\.$/);
      node.setStatus(status());
      await finding.waitFor({ state: "detached" });
    },
  },

  "streams an answer and says who gave it and how fast": {
    status: status({
      peers: [peer({ role: "host" })],
      models: [model({ instances: [instance({ host: MINI })] })],
    }),
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ content: "A mesh is " });
        void console.waitForAnswerText("A mesh is").then(() => {
          chat.delta({ content: "a group." });
          chat.finish(2);
        });
      };
      await console.ask("What is a mesh?");
      const answer = await console.answer();
      assert.equal(answer.state, "done");
      assert.equal(answer.text, "A mesh is a group.");
      assert.match(
        answer.figures.join("; "),
        /^guide; answered by mini; [\d.]+\u00a0tokens\/s; first token after [\d.]+\u00a0m?s$/,
      );
    },
  },

  "sends earlier turns to a model, but none to the guide": {
    status: status({ models: [model(), model({ name: "big" })] }),
    async play({ node, console }) {
      const asked: string[][] = [];
      node.onChat = (chat) => {
        asked.push(chat.messages.map(({ content }) => content));
        chat.delta({ content: "yes" });
        chat.finish(1);
      };
      const askBoth = async () => {
        for (const question of ["one?", "two?"]) {
          await console.ask(question);
          await console.answer();
        }
      };
      await askBoth();
      await console.page.getByRole("button", { name: "New chat", exact: true }).click();
      await console.page.getByLabel("Model to ask").selectOption("big");
      await askBoth();
      assert.deepEqual(asked, [["one?"], ["two?"], ["one?"], ["one?", "yes", "two?"]]);
    },
  },

  // Two models of one name were one choice, and either might answer.
  "asks the one of two models of one name that is chosen": {
    status: status({
      models: ["aa", "bb"].map((digits) =>
        model({
          id: `twin@${digits.repeat(4)}`,
          name: "twin",
          fingerprint: digits.repeat(32),
        })
      ),
    }),
    async play({ node, console }) {
      const asked: string[] = [];
      node.onChat = (chat) => {
        asked.push(chat.model);
        chat.delta({ content: "yes" });
        chat.finish(1);
      };
      await console.goTo("Chat");
      for (const id of ["twin@bbbbbbbb", "twin@aaaaaaaa"]) {
        await console.page.getByLabel("Model to ask").selectOption(id);
        await console.ask("one?");
        await console.answer();
      }
      assert.deepEqual(asked, ["twin@bbbbbbbb", "twin@aaaaaaaa"]);
    },
  },

  "stops an answer when told to, and hangs up": {
    async play({ node, console }) {
      const cancelled = Promise.withResolvers<void>();
      node.onChat = (chat) => {
        chat.delta({ content: "Once upon a time" });
        chat.cancelled.then(cancelled.resolve);
      };
      await console.ask("Tell me a story");
      await console.waitForAnswerText("Once upon a time");
      await console.stopAnswer();
      const answer = await console.answer();
      assert.equal(answer.state, "stopped");
      assert.equal(answer.text, "Once upon a time");
      await cancelled.promise;
    },
  },

  "says when an answer was cut off, and asks again": {
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ content: "Half" });
        chat.cut();
      };
      await console.ask("What is a mesh?");
      assert.equal((await console.answer()).state, "failed");
      node.onChat = (chat) => {
        chat.delta({ content: "Whole" });
        chat.finish(1);
      };
      await console.page.getByRole("button", { name: "Ask again" }).click();
      await console.waitForAnswerText("Whole");
      assert.equal((await console.answer()).state, "done");
      assert.equal(await console.page.locator(".turn").count(), 1);
    },
  },

  "asks for the API key where the node wants one": {
    apiKey: "s3cret",
    expectedErrors: /status of 401/,
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ content: "Hello" });
        chat.finish(1);
      };
      await console.ask("hello");
      await console.page.getByText("This node answers only with its API key").waitFor();
      await console.giveKey("wrong");
      await console.page.getByText("This node did not take the API key").waitFor();
      await console.giveKey("s3cret");
      await console.waitForAnswerText("Hello");
      await console.answer();
    },
  },

  "adds each machine by an invite of its own: get it, join": {
    async play({ node, console }) {
      const asked: unknown[] = [];
      node.onInvite = (options) => Promise.resolve(`token-${asked.push(options)}`);
      const { page } = console;
      await page.getByRole("heading", { name: "Get it" }).waitFor();
      await page.getByLabel("Name of the machine or its owner").fill(" mini ");
      await page.getByRole("button", { name: "Make its command" }).click();
      assert.equal(await console.copy("join-command"), "MESH_LLM_JOIN=token-1 ./mesh-llm");
      assert.equal(await page.locator("#token").count(), 0, "the token alone is folded away");
      await page.getByText("The token alone, as text and as a QR code").click();
      assert.equal(await console.copy("token"), "token-1");
      await page.getByRole("img", { name: "The invite token as a QR code" }).waitFor();
      await page.getByRole("button", { name: "Add another machine" }).click();
      await page.getByLabel("What it does").selectOption("client");
      assert.equal(await page.getByLabel("May add other machines").count(), 0);
      await page.getByRole("button", { name: "Make its command" }).click();
      assert.equal(await console.copy("join-command"), "MESH_LLM_JOIN=token-2 ./mesh-llm --client");
      const [first, second] = asked as { readonly name: string }[];
      assert.deepEqual(first, { role: "member", name: "mini", mayInvite: true });
      assert.match(second?.name ?? "", /^added \d{4}-\d\d-\d\d \d\d:\d\d$/);
      assert.deepEqual({ ...second, name: "" }, { role: "client", name: "" });
    },
  },

  "explains to a client why it can not invite": {
    status: status({
      node: { role: "client", passive: true, model: null, vramBytes: 0, devices: [], engine: null },
      mesh: { token: null },
      peers: [peer({ role: "host" })],
      models: [model({ instances: [instance({ host: MINI })] })],
    }),
    async play({ console }) {
      await console.waitForHeadline("guide is ready");
      assert.equal(await console.page.getByRole("button", { name: "Make its command" }).count(), 0);
      assert.match(await console.page.locator("#invite").innerText(), /This node is a client/);
      assert.equal(await console.page.locator("#mesh-machines").innerText(), "1");
    },
  },

  "shows that the node is gone, keeps what it knew, and heals": {
    expectedErrors: CONNECTION_ERRORS,
    async play({ node, console }) {
      await console.waitForLink("live");
      const port = Number(new URL(node.url).port);
      await node.stop();
      await console.waitForLink("reconnecting");
      await console.page.getByRole("alert").getByText("The connection to this node is lost.")
        .waitFor();
      await console.waitForHeadline("guide is ready");
      node.setStatus(status({ peers: [peer()] }));
      await node.listen(port);
      await console.page.getByRole("button", { name: "Try now" }).click();
      await console.waitForLink("live");
      await console.machine(MINI).waitFor();
      assert.equal(await console.page.locator("#connection-notice").count(), 0);
    },
  },

  "heals by itself when the node is back": {
    expectedErrors: CONNECTION_ERRORS,
    async play({ node, console }) {
      await console.waitForLink("live");
      const port = Number(new URL(node.url).port);
      await node.stop();
      await console.waitForLink("reconnecting");
      await node.listen(port);
      await console.waitForLink("live");
    },
  },

  "shows hostile names and answers as text and nothing else": {
    status: status({
      node: { name: HOSTILE, model: HOSTILE },
      peers: [peer({ name: HOSTILE, devices: [] }), peer({ id: TOWER, name: "a\u202eb\nc" })],
      models: [model({ name: HOSTILE })],
    }),
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ reasoning_content: HOSTILE, content: HOSTILE });
        chat.finish(1);
      };
      await console.ask(HOSTILE);
      const answer = await console.answer();
      assert.equal(answer.text, HOSTILE);
      assert.equal(await console.page.locator("main :is(img, script, iframe), .turn a").count(), 0);
      await console.goTo("Mesh");
      assert.match(await console.textOf(console.machine(MINI)), /<img src=x onerror=/);
      assert.match(await console.textOf(console.machine(TOWER)), /^abc/);
      assert.equal(await console.page.locator("main :is(img, script, iframe)").count(), 0);
      await console.page.waitForFunction(() => /^<img.* is ready · mesh-llm$/.test(document.title));
    },
  },

  "fits a phone without sideways scrolling": {
    width: 360,
    height: 740,
    theme: "light",
    status: status({
      node: { name: "a-machine-with-a-name-that-nobody-would-want-to-type.local" },
      mesh: { token: "t".repeat(700) },
      peers: [peer({ name: "x".repeat(200) })],
      models: [model({ name: "M".repeat(120), sizeBytes: 18e9, instances: [SPLIT] })],
    }),
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ content: `${"long".repeat(200)}\n${" ".repeat(300)}end` });
        chat.finish(1);
      };
      node.onInvite = () => Promise.resolve("t".repeat(700));
      await console.page.getByRole("button", { name: "Make its command" }).click();
      await console.page.locator("#join-command").waitFor();
      assert.equal(await console.scrollsSideways(), false);
      await console.ask("q".repeat(500));
      await console.answer();
      assert.equal(await console.scrollsSideways(), false);
    },
  },
};

await playScenes("the page in Chromium", SCENES);
