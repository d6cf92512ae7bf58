/** A machine asks to join in its own console, and is let in from the console of a machine of the mesh. */

import assert from "node:assert/strict";
import { buildConsole } from "../../scripts/build_console.ts";
import { chromiumIsRequired, findChromium, startChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console_page.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { buildOneNetwork } from "../support/one_network.ts";
import { answerTo, QUESTION } from "./mesh_of_nodes.ts";
import { networkTest, startOn } from "./nodes_on_network.ts";

const chromium = await findChromium();
if (chromium.kind === "missing" && chromiumIsRequired()) throw new Error(chromium.reason);

function pairingTest(name: string, fn: (path: string) => Promise<void>): void {
  if (chromium.kind === "found") networkTest(name, () => fn(chromium.path));
  else Deno.test.ignore(`${name} (${chromium.reason})`, () => {});
}

await buildConsole();

/** Types a code into the field for the machine that asks, and adds it. */
async function answer({ page }: ConsolePage, machine: string, code: string): Promise<void> {
  const form = page.getByRole("form", { name: `${machine} asks to join` });
  await form.getByLabel("Its code").fill(code);
  await form.getByRole("button", { name: "Add" }).click();
}

/** Another one of six digits. */
function wrong(code: string): string {
  return code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
}

pairingTest(
  "a machine that is alone gets in by the code that is typed, and is asked before it leaves again",
  async (path) => {
    await using network = await buildOneNetwork(3);
    await using stack = new AsyncDisposableStack();
    const names = ["studio", "mini", "tower"];
    const started = network.machines.map(async (machine, index) =>
      stack.use(await startOn(machine, ["--model", "guide"], { name: names[index]! }))
    );
    const browser = stack.use(await startChromium(path));
    const nodes = await Promise.all(started);
    const [host, guest] = nodes as [NodeProcess, NodeProcess];
    const [studio, mini, tower] = await Promise.all(
      nodes.map(async ({ ready }) =>
        stack.use(await ConsolePage.open(browser.context, ready.console))
      ),
    ) as [ConsolePage, ConsolePage, ConsolePage];

    await studio.goTo("Chat");
    await mini.page.getByRole("button", { name: "Ask to join studio's mesh" }).click();
    const code = await mini.page.locator(".big-code").innerText();
    assert.match(code, /^\d{3}-\d{3}$/);
    const notice = studio.page.locator("#pairing-notice");
    await notice.getByText("mini asks to join").waitFor();
    await notice.getByRole("link", { name: "Type its code" }).click();
    await answer(studio, "mini", wrong(code));
    await studio.page.getByText("That is not its code. 2 tries are left.").waitFor();
    await answer(studio, "mini", code);
    await studio.page.getByText("mini was let in as a member.").waitFor();
    await mini.page.getByText("This machine is in studio's mesh").waitFor();
    await studio.machine(guest.ready.node).waitFor();
    await mini.machine(host.ready.node).waitFor();
    assert.equal(await studio.textOf(notice), "");
    await mini.ask(QUESTION);
    assert.equal((await mini.answer()).text, answerTo(QUESTION));

    await mini.goTo("Mesh");
    await mini.page.getByRole("button", { name: "Ask to join tower's mesh" }).click();
    const dialog = mini.page.getByRole("dialog", { name: "Leave this mesh?" });
    await dialog.getByText("This machine is in a mesh with studio.").waitFor();
    await dialog.getByRole("button", { name: "Leave it and ask" }).click();
    const form = tower.page.getByRole("form", { name: "mini asks to join" });
    await form.getByRole("button", { name: "Refuse" }).click();
    await mini.page.getByText("tower's mesh refused").waitFor();
    await mini.machine(host.ready.node).waitFor();

    const refused = /status of (403|409)/;
    for (const page of [studio, mini, tower]) {
      assert.deepEqual(page.errors.filter((error) => !refused.test(error)), []);
    }
  },
);
