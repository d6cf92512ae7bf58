import assert from "node:assert/strict";
import { buildConsole } from "../../scripts/build_console.ts";
import { chromiumIsRequired, findChromium, startChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console_page.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";

const chromium = await findChromium();
if (chromium.kind === "missing" && chromiumIsRequired()) throw new Error(chromium.reason);

function pageTest(name: string, fn: (path: string) => Promise<void>): void {
  if (chromium.kind === "found") nodeTest(name, () => fn(chromium.path));
  else Deno.test.ignore(`${name} (${chromium.reason})`, () => {});
}

await buildConsole();

pageTest(
  "the console of a real node: warm model, exact answer, a second machine, the token",
  async (path) => {
    await using node = await startServing(["--model", "guide"]);
    await using browser = await startChromium(path);
    await using page = await ConsolePage.open(browser.context, node.ready.console);
    await page.waitForModel("guide", "warm");
    await page.ask(QUESTION);
    const answer = await page.answer();
    assert.equal(answer.text, answerTo(QUESTION));
    await page.goTo("Mesh");
    assert.equal(await page.copy("token"), node.token);
    await using second = await startServing(["--join", node.token]);
    await page.machine(second.ready.node).waitFor();
    second.kill("SIGKILL");
    await page.machine(second.ready.node).waitFor({ state: "detached", timeout: 45_000 });
    assert.deepEqual(page.errors, []);
  },
);

pageTest("the console of a client answers from the mesh", async (path) => {
  await using node = await startServing(["--model", "guide"]);
  await using client = await startServing(["--client", "--join", node.token]);
  await until(client, "warm", warm("guide"));
  await using browser = await startChromium(path);
  await using page = await ConsolePage.open(browser.context, client.ready.console);
  await page.waitForModel("guide", "warm");
  await page.ask("hello");
  assert.equal((await page.answer()).text, answerTo("hello"));
  assert.deepEqual(page.errors, []);
});
