/** The console of real nodes in a real Chromium: what somebody does in the first minutes, and what breaks. */

import assert from "node:assert/strict";
import { buildConsole } from "../../scripts/build_console.ts";
import {
  type Asked,
  cutTo,
  FaultyServer,
  honest,
  json,
  type Reply,
  sha256,
  status as replyStatus,
} from "../downloads/faulty_server.ts";
import { cachedBallast } from "../support/ballast.ts";
import { chromiumIsRequired, findChromium, startChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console_page.ts";
import { answerTo, nodeTest, QUESTION, startServing, until } from "./mesh_of_nodes.ts";

const chromium = await findChromium();
if (chromium.kind === "missing" && chromiumIsRequired()) throw new Error(chromium.reason);

function pageTest(name: string, fn: (path: string) => Promise<void>): void {
  if (chromium.kind === "found") nodeTest(name, () => fn(chromium.path));
  else Deno.test.ignore(`${name} (${chromium.reason})`, () => {});
}

await buildConsole();

pageTest("first run, exact answer, a second machine, a split, its death", async (path) => {
  await using node = await startServing(["--model", "guide", "--split"]);
  await using browser = await startChromium(path);
  await using page = await ConsolePage.open(browser.context, node.ready.console);
  await page.waitForHeadline("guide is ready");
  await page.page.getByRole("button", { name: "Make its command" }).click();
  const command = await page.copy("join-command");
  const start = ` npx -y deno@${Deno.version.deno} task start`;
  assert.ok(command.startsWith("MESH_LLM_JOIN=mesh1_") && command.endsWith(start), command);
  const token = command.slice("MESH_LLM_JOIN=".length, -start.length);
  assert.notEqual(token, node.token, "each machine has an invite of its own");
  await page.ask(QUESTION);
  assert.equal((await page.answer()).text, answerTo(QUESTION));
  await page.goTo("Activity");
  await page.page.locator(".request").first().waitFor();

  await page.goTo("Mesh");
  const second = await startServing(["--model", "guide", "--join", token]);
  try {
    await page.machine(second.ready.node).waitFor();
    const split = page.model("guide").getByText("split over 2\u00a0machines");
    await split.waitFor();
    await page.waitForModel("guide", "warm");
    await page.page.locator('.topo-link[data-kind="split"]').waitFor({ state: "attached" });
    await page.ask("hello");
    assert.equal((await page.answer()).text, answerTo("hello"));
    await page.goTo("Mesh");
    second.kill("SIGKILL");
    await page.machine(second.ready.node).waitFor({ state: "detached", timeout: 45_000 });
    await page.page.getByText(`${second.name} stopped answering`).waitFor();
    await split.waitFor({ state: "detached" });
    await page.waitForHeadline("guide is ready");
    await page.ask(QUESTION);
    assert.equal((await page.answer()).text, answerTo(QUESTION));
  } finally {
    await second[Symbol.asyncDispose]();
  }
  assert.deepEqual(page.errors, []);
});

/** About 15 ms a token on one thread: slow enough to be killed in the middle of an answer. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const SLOW_NAME = SLOW.replace(/^.*\//, "").replace(/\.gguf$/, "");

pageTest(
  "a client's page shows an answer whose host dies as one that is continued",
  async (path) => {
    await using one = await startServing(["--model", SLOW]);
    await using client = await startServing(["--client", "--join", one.token]);
    await using two = await startServing(["--model", SLOW, "--join", one.token]);
    await until(
      client,
      "two warm instances",
      ({ models }) =>
        models.some(({ instances }) =>
          instances.filter(({ state }) => state === "warm").length === 2
        ),
    );
    await using browser = await startChromium(path);
    await using page = await ConsolePage.open(browser.context, client.ready.console);
    await page.waitForModel(SLOW_NAME, "warm");
    await page.ask(QUESTION);
    await page.waitForAnswerText(answerTo(QUESTION).slice(0, 12));
    const host = await page.page.locator(".figures span", { hasText: "answered by" }).innerText();
    const [dying, other] = host.endsWith(one.name) ? [one, two] : [two, one];
    dying.kill("SIGKILL");
    const answer = await page.answer();
    assert.equal(answer.state, "done");
    assert.equal(answer.text, answerTo(QUESTION));
    await page.page.getByText(`This answer broke off, and ${other.name} went on`).waitFor();
    assert.deepEqual(page.errors, []);
  },
);

const FILE = await Deno.readFile(new URL("../../src/models/guide/guide.gguf", import.meta.url));
const COMMIT = "c".repeat(40);

/** A hub with one model; until it is told to go on it sends half of the file and falls silent. */
class Hub {
  stalls = true;

  readonly answer = (asked: Asked): Reply => {
    if (asked.path === "/api/models/org/tiny?blobs=true") {
      const lfs = { sha256: sha256(FILE), size: FILE.length };
      return json({
        sha: COMMIT,
        siblings: [{ rfilename: "tiny-F16.gguf", size: FILE.length, lfs }],
      });
    }
    if (asked.path !== `/org/tiny/resolve/${COMMIT}/tiny-F16.gguf`) return replyStatus(404);
    const reply = honest(FILE, asked);
    return this.stalls ? { ...cutTo(reply, reply.body.length >> 1), then: "stall" } : reply;
  };
}

pageTest("a model is downloaded with a pause, served, and asked", async (path) => {
  const hub = new Hub();
  await using server = new FaultyServer(hub.answer);
  await using node = await startServing(["--model", "guide"], {
    main: new URL("../support/loopback_downloads.ts", import.meta.url).pathname,
    env: { TEST_HUB: server.url.href },
  });
  await using browser = await startChromium(path);
  await using page = await ConsolePage.open(browser.context, node.ready.console, { at: "models" });
  await page.page.getByLabel(/^Another model/).fill("org/tiny:F16");
  await page.page.getByRole("button", { name: "Download", exact: true }).click();
  const row = page.page.locator('[data-catalog="tiny-F16"]');
  await row.locator('[data-download="running"]').waitFor();
  await row.getByRole("button", { name: /^Pause/ }).click();
  await row.getByText("Paused at").waitFor();
  hub.stalls = false;
  await row.getByRole("button", { name: /^Resume/ }).click();
  await row.getByRole("button", { name: /^Serve/ }).click();
  // The machine has memory for both.
  await row.getByText("tiny-F16 will run on this machine alone.", { exact: true }).waitFor();
  await row.getByRole("button", { name: "Serve", exact: true }).click();
  await page.goTo("Mesh");
  await page.waitForHeadline("guide and tiny-F16 are ready");
  await page.goTo("Chat");
  await page.page.getByLabel("Model to ask").selectOption("tiny-F16");
  await page.ask("hello");
  assert.equal((await page.answer()).text, answerTo("hello"));
  assert.deepEqual(page.errors, []);
});

pageTest(
  "two consoles change the settings of a model, and each sees what the other did",
  async (path) => {
    await using node = await startServing(["--model", "guide"]);
    await using browser = await startChromium(path);
    await using ann = await ConsolePage.open(browser.context, node.ready.console);
    await using ben = await ConsolePage.open(browser.context, node.ready.console);
    for (const { page } of [ann, ben]) {
      await page.getByRole("link", { name: "Models" }).first().click();
      await page.getByRole("button", { name: "Settings: guide" }).click();
    }
    const context = ({ page }: ConsolePage) => page.getByLabel(/^Context/);
    const names = ({ page }: ConsolePage) => page.getByLabel(/^Further names/);
    const save = ({ page }: ConsolePage) => page.getByRole("button", { name: "Save", exact: true });
    await names(ben).fill("bens");
    await context(ann).fill("384");
    await save(ann).click();
    await ann.page.getByText(
      /^Saved\. The model is loaded anew on .+ once its answers have ended\.$/,
    )
      .waitFor();
    // Ben has typed: that stays, and all else is as Ann has set it.
    await ben.page.getByText("These settings were changed elsewhere meanwhile").waitFor();
    assert.equal(await context(ben).inputValue(), "384");
    assert.equal(await names(ben).inputValue(), "bens");
    await save(ben).click();
    await ben.page.getByText("Saved.", { exact: true }).waitFor();
    await until(
      node,
      "guide with 384 tokens",
      ({ models }) =>
        models.some(({ instances: [one] }) => one?.state === "warm" && one.contextLength === 384),
    );
    // Ann's page has heard of Ben's change: else it would be told of that first.
    await ann.page.waitForFunction(
      (field) => (field as HTMLInputElement).value === "bens",
      await names(ann).elementHandle(),
    );
    await context(ann).fill("many");
    await save(ann).click();
    await ann.page.getByText('ctx must be a whole number of tokens from 1, or "auto"').waitFor();
    await ann.page.getByLabel(/^Arguments/).fill("--log-file /tmp/log");
    await context(ann).fill("");
    await save(ann).click();
    await ann.page.getByText("args --log-file is refused").waitFor();
    // Both ask at one moment: the later one is told, with the newer values.
    await ben.page.route("**/settings", async (route) => {
      if (route.request().method() === "PATCH") {
        const changed = await fetch(`${node.ready.console}/api/models/guide/settings`, {
          method: "PATCH",
          headers: { "content-type": "application/json" },
          body: '{"settings":{"idle_unload":"7m"}}',
        });
        await changed.body?.cancel();
      }
      await route.continue();
    });
    await names(ben).fill("later");
    await save(ben).click();
    await ben.page.getByText("The newer values are shown: save again").waitFor();
    assert.equal(await ben.page.getByLabel(/^Unload when idle/).inputValue(), "7m");
    assert.equal(await names(ben).inputValue(), "later");
    await ben.page.unroute("**/settings");
    await save(ben).click();
    await ben.page.getByText("Saved.", { exact: true }).waitFor();
    for (const width of [320, 760, 1440]) {
      await ann.page.setViewportSize({ width, height: 800 });
      await ann.fitsSoon(`settings of a model at ${width} px`);
    }
    await ann.page.getByRole("button", { name: "Take all changes back" }).click();
    await until(
      node,
      "guide as it was",
      ({ models }) =>
        models.some(({ instances: [one] }) => one?.state === "warm" && one.contextLength !== 384),
    );
    for (const page of [ann, ben]) {
      assert.deepEqual(await page.seriousProblems(), []);
      const refused = /status of (400|409)/;
      assert.deepEqual(
        page.errors.filter((error) => !refused.test(error)),
        [],
      );
    }
  },
);
