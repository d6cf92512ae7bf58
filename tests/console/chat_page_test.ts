/** The chat in a real Chromium, before the real gateway of a node whose answers the test makes up. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { CannedChat } from "../support/canned_node.ts";
import type { ConsolePage } from "../support/console_page.ts";
import { MINI, model, peer, status } from "../support/console_status.ts";
import { entry } from "../support/catalog_entries.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const BIG = { models: [model({ name: "big" })], node: { model: "big" } };

/** Answers with what it was asked last. */
function echo(chat: CannedChat): void {
  chat.delta({ content: `echo: ${chat.messages.at(-1)?.content}` });
  chat.finish(3);
}

const questions = ({ page }: ConsolePage) => page.locator(".question").allInnerTexts();

const MARKDOWN = [
  "# Title",
  "Some **bold** and `code`, see [the docs](https://example.com/docs).",
  "```python\ndef f():\n    return 1\n```",
  '<img src=x onerror="document.title=1"> ![cat](https://example.com/cat.png)',
  "[bad](javascript:alert(1))",
].join("\n\n");

const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
);

const SCENES: Scenes = {
  "shows Markdown, coloured code to copy, and nothing that loads by itself": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = (chat) => {
        chat.delta({ reasoning_content: "Let me think.", content: MARKDOWN });
        chat.finish(9);
      };
      await console.ask("Show me");
      await console.answer();
      const { page } = console;
      const answer = page.locator(".answer");
      await answer.locator("h1", { hasText: "Title" }).waitFor();
      assert.equal(await answer.locator("strong").innerText(), "bold");
      assert.equal(await answer.locator(".hljs-keyword").first().innerText(), "def");
      assert.deepEqual(
        await answer.locator("a").evaluateAll((links) =>
          links.map((link) => [link.getAttribute("href"), link.getAttribute("rel")])
        ),
        [
          ["https://example.com/docs", "noopener noreferrer nofollow"],
          ["https://example.com/cat.png", "noopener noreferrer nofollow"],
        ],
      );
      assert.equal(await answer.locator("img, script").count(), 0);
      assert.match(await answer.innerText(), /<img src=x onerror=/);
      assert.ok(await page.getByText("Let me think.").isHidden());
      await page.getByText("Its thoughts").click();
      assert.ok(await page.getByText("Let me think.").isVisible());
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.getByRole("button", { name: "Copy this code" }).click();
      await page.locator('.code-head [data-outcome="copied"]').waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(copied, "def f():\n    return 1");
    },
  },

  "changes a question in a branch of its own, and goes back": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = echo;
      for (const question of ["one", "two"]) {
        await console.ask(question);
        await console.answer();
      }
      const { page } = console;
      await page.getByRole("button", { name: "Change this question" }).first().click();
      await page.getByLabel("The question, changed").fill("uno");
      await page.getByRole("button", { name: "Ask anew" }).click();
      await console.waitForAnswerText("echo: uno");
      assert.deepEqual(await questions(console), ["uno"]);
      await page.getByRole("button", { name: "Earlier version" }).click();
      await console.waitForAnswerText("echo: two");
      assert.deepEqual(await questions(console), ["one", "two"]);
      await page.getByRole("button", { name: "Answer again" }).last().click();
      await page.getByText("2 of 2").last().waitFor();
    },
  },

  "keeps conversations and their settings in the browser": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = echo;
      const { page } = console;
      await page.getByRole("button", { name: "System prompt and sampling" }).click();
      await page.getByRole("textbox", { name: "System prompt" }).fill("Be brief");
      await page.getByLabel(/^Temperature/).fill("0");
      await page.getByRole("button", { name: "System prompt and sampling" }).click();
      await console.ask("kept?");
      await console.answer();
      await page.getByRole("button", { name: "New chat", exact: true }).click();
      await console.ask("another");
      await console.answer();
      await page.reload();
      const list = page.getByRole("list", { name: "Conversations" });
      await list.getByRole("button", { name: "kept?", exact: true }).click();
      await console.waitForAnswerText("echo: kept?");
      const asked = Promise.withResolvers<CannedChat>();
      node.onChat = asked.resolve;
      await console.ask("more");
      const chat = await asked.promise;
      assert.deepEqual(chat.messages.map(({ content }) => content), [
        "Be brief",
        "kept?",
        "echo: kept?",
        "more",
      ]);
      chat.finish(0);
      await console.answer();
      await list.getByRole("button", { name: "Delete another" }).click();
      await list.getByRole("button", { name: "another", exact: true }).waitFor({
        state: "detached",
      });
    },
  },

  "sends a text file and an image, and refuses what it can't": {
    at: "chat",
    status: status(BIG),
    catalog: [entry({ name: "big", vision: true })],
    async play({ node, console }) {
      const asked = Promise.withResolvers<CannedChat>();
      node.onChat = (chat) => {
        chat.finish(0);
        asked.resolve(chat);
      };
      const { page } = console;
      const attach = async (name: string, mimeType: string, bytes: Uint8Array) =>
        await page.getByLabel("Files to attach").setInputFiles({
          name,
          mimeType,
          buffer: Buffer.from(bytes),
        });
      await attach("a.bin", "application/octet-stream", new Uint8Array([0, 1, 255]));
      await page.getByText("a.bin is not a text file").waitFor();
      await attach("a.txt", "text/plain", new TextEncoder().encode("hello"));
      await page.getByRole("button", { name: "Remove a.txt" }).waitFor();
      await attach("a.png", "image/png", PNG);
      await page.getByRole("button", { name: "Remove a.png" }).waitFor();
      await console.ask("What is it?");
      const [content] = (await asked.promise).messages.map(({ content }) => content);
      const [text, image] = content as unknown as { text?: string; image_url?: { url: string } }[];
      assert.match(text?.text ?? "", /^File a\.txt:\n```\nhello\n```\n\nWhat is it\?$/);
      assert.match(image?.image_url?.url ?? "", /^data:image\/jpeg;base64,/);
      await console.answer();
    },
  },

  "exports a conversation": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = echo;
      await console.ask("What is a mesh?");
      await console.answer();
      const { page } = console;
      const menu = page.getByLabel("Export this conversation");
      const first = page.getByRole("button", { name: "As Markdown" });
      for (const focused of [menu, first]) {
        await menu.click();
        await first.waitFor();
        await focused.press("Escape");
        await first.waitFor({ state: "hidden" });
        assert.ok(await menu.evaluate((summary) => summary === document.activeElement));
      }
      await menu.click();
      const downloading = page.waitForEvent("download");
      await first.click();
      const download = await downloading;
      assert.equal(download.suggestedFilename(), "what-is-a-mesh.md");
      const text = await Deno.readTextFile(await download.path());
      assert.match(
        text,
        /## Question\n\nWhat is a mesh\?\n\n## Answer of big\n\necho: What is a mesh\?/,
      );
    },
  },

  "goes on with an answer while another page is looked at": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      const asked = Promise.withResolvers<CannedChat>();
      node.onChat = asked.resolve;
      await console.ask("Slowly, please");
      const chat = await asked.promise;
      chat.delta({ content: "First, " });
      await console.waitForAnswerText("First,");
      await console.goTo("Mesh");
      await console.waitForHeadline("big is ready");
      chat.delta({ content: "second." });
      chat.finish(2);
      await console.goTo("Chat");
      assert.equal((await console.answer()).text, "First, second.");
    },
  },

  "keeps what is not sent yet while another page is looked at": {
    at: "chat",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = echo;
      const { page } = console;
      const box = page.getByRole("textbox", { name: "Your question" });
      await box.fill("half a quest");
      await page.getByLabel("Files to attach").setInputFiles({
        name: "a.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("hello"),
      });
      await page.getByRole("button", { name: "Remove a.txt" }).waitFor();
      await console.goTo("Mesh");
      await console.waitForHeadline("big is ready");
      await console.goTo("Chat");
      assert.equal(await box.inputValue(), "half a quest");
      await page.getByRole("button", { name: "Remove a.txt" }).waitFor();
      await box.press("Enter");
      await console.answer();
      assert.equal(await box.inputValue(), "");
      await console.goTo("Mesh");
      await console.goTo("Chat");
      assert.equal(await box.inputValue(), "");
      assert.equal(await page.getByRole("button", { name: "Remove a.txt" }).count(), 0);
    },
  },

  "shows an answer that another machine went on with as one that is continued": {
    at: "chat",
    status: status({ ...BIG, peers: [peer({ role: "host" })] }),
    async play({ node, console }) {
      node.onChat = echo;
      node.continuedBy = [MINI];
      await console.ask("one");
      const { page } = console;
      await page.getByText("This answer broke off, and mini went on where it ended.").waitFor();
      const { figures, state } = await console.answer();
      assert.equal(state, "done");
      assert.deepEqual(figures.slice(1, 3), ["answered by studio", "continued by mini"]);
      assert.equal(await page.locator(".turn .problem").count(), 0);
    },
  },

  "is usable by a thumb: a phone's list, settings and composer": {
    at: "chat",
    width: 390,
    height: 844,
    theme: "light",
    status: status(BIG),
    async play({ node, console }) {
      node.onChat = echo;
      const { page } = console;
      await console.ask("one");
      await console.answer();
      await page.getByRole("button", { name: "Begin a new chat" }).click();
      await page.getByRole("button", { name: "Conversations" }).click();
      await page.getByRole("button", { name: "one", exact: true }).click();
      await console.waitForAnswerText("echo: one");
      assert.equal(await console.scrollsSideways(), false);
      assert.deepEqual(await console.seriousProblems(), []);
    },
  },
};

await playScenes("the chat in Chromium", SCENES);
