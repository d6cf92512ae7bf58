/** Pairing on both sides: the machine of the mesh that is asked, and the one that asks. In a real Chromium. */

import assert from "node:assert/strict";
import { type LanStatus, type PairingAnswer, PairingRefusedError } from "../../src/api/mod.ts";
import { joinRequest, ownPairing, pairing } from "../support/console_pairing.ts";
import { peer, status } from "../support/console_status.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const LAN: LanStatus = {
  state: "announced",
  problem: null,
  mesh: { name: "mini", shortId: "ffffffff" },
  meshes: [{ name: "studio", shortId: "0a1b2c3d", machines: 2, addresses: ["192.168.1.9:47001"] }],
  peers: [],
};

const ASKED = pairing({ requests: [joinRequest()] });

const HOSTILE = `<img src=x onerror="document.title='owned'">\u202e\u001b[31m\n`;

const SCENES: Scenes = {
  "a machine that asks is announced on every page, and let in by its code": {
    at: "chat",
    status: status({ lan: LAN }),
    expectedErrors: /status of 403/,
    async play({ node, console }) {
      const { page } = console;
      const answers: PairingAnswer[] = [];
      node.pairing = {
        ...node.pairing,
        accept(answer) {
          answers.push(answer);
          const left = 3 - answers.length;
          return left > 1
            ? Promise.reject(new PairingRefusedError("wrong-code", "The code is wrong", left))
            : Promise.resolve({ name: "mini", role: answer.role });
        },
      };
      await console.waitForLink("live");
      const notice = page.locator("#pairing-notice");
      assert.equal(await notice.getAttribute("role"), "status");
      assert.equal(await console.textOf(notice), "");
      node.setPairing(ASKED);
      await notice.getByText("mini asks to join").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.id), "question");
      await notice.getByRole("link", { name: "Type its code" }).click();
      const form = page.getByRole("form", { name: "mini asks to join" });
      const field = form.getByLabel("Its code");
      await field.and(page.locator(":focus")).waitFor();
      await page.waitForFunction(() => {
        const box = document.activeElement?.getBoundingClientRect();
        return box !== undefined && box.top >= 0 && box.bottom <= innerHeight;
      });
      assert.equal(await field.getAttribute("inputmode"), "numeric");
      const add = form.getByRole("button", { name: "Add" });
      await page.keyboard.type("48291");
      assert.equal(await field.inputValue(), "482-91");
      assert.equal(await add.isDisabled(), true);
      await page.keyboard.type("4");
      await page.keyboard.press("Enter");
      await form.getByRole("alert").getByText("That is not its code. 2 tries are left.").waitFor();
      assert.equal(await field.getAttribute("aria-invalid"), "true");
      node.setPairing(pairing({ requests: [{ ...ASKED.requests[0]!, triesLeft: 2 }] }));
      // The wrong code is selected: a new one takes its place.
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.evaluate(() => navigator.clipboard.writeText("Code 482 913"));
      await page.keyboard.press("ControlOrMeta+V");
      assert.equal(await field.inputValue(), "482-913");
      assert.equal(await form.getByRole("alert").count(), 0);
      await form.getByLabel("May add other machines").uncheck();
      await add.click();
      await page.getByText("mini was let in as a member.").waitFor();
      node.setPairing(pairing());
      await form.waitFor({ state: "detached" });
      assert.equal(await console.textOf(notice), "");
      assert.deepEqual(answers, [
        { id: "r1", code: "482-914", role: "member", mayInvite: true },
        { id: "r1", code: "482-913", role: "member", mayInvite: false },
      ]);
    },
  },

  "a request is refused, ends by itself, or by the last wrong code": {
    status: status({ lan: LAN }),
    expectedErrors: /status of 40[34]/,
    async play({ node, console }) {
      const { page } = console;
      const refused: (string | undefined)[] = [];
      let answer = new PairingRefusedError("wrong-code", "The code is wrong", 0);
      node.pairing = {
        ...node.pairing,
        refuse: (id) => Promise.resolve(void refused.push(id)),
        accept: () => Promise.reject(answer),
      };
      const form = page.locator(".join-request");
      node.setPairing(ASKED);
      await form.getByRole("button", { name: "Refuse" }).click();
      await page.getByText("mini was refused.").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.id), "invite");
      node.setPairing(pairing());
      await form.waitFor({ state: "detached" });
      assert.deepEqual(refused, ["r1"]);

      node.setPairing(ASKED);
      await form.getByLabel("What it does").selectOption("client");
      assert.equal(await form.getByLabel("May add other machines").count(), 0);
      await form.getByText(
        "A client serves nothing: the other machine ends what it runs, and starts as one.",
      )
        .waitFor();
      await form.getByLabel("Its code").fill("000000");
      await form.getByRole("button", { name: "Add" }).click();
      await page.getByText("The code was wrong too often. mini has to wait before it asks again.")
        .waitFor();
      node.setPairing(pairing());
      await form.waitFor({ state: "detached" });

      answer = new PairingRefusedError("no-request", "No machine asks to join any more");
      node.setPairing(pairing({ requests: [joinRequest({ id: "r2", name: "tower" })] }));
      await page.getByRole("form", { name: "tower asks to join" }).waitFor();
      assert.equal(await page.locator(".join-outcome").innerText(), "");
      node.setPairing(ASKED);
      // Until it is shown, the form is that of the machine before it.
      await page.getByRole("form", { name: "mini asks to join" }).waitFor();
      await form.getByLabel("Its code").fill("000000");
      await form.getByRole("button", { name: "Add" }).click();
      await form.getByRole("alert").getByText("No machine asks to join any more").waitFor();
      await console.goTo("Models");
      await page.locator("#pairing-notice").getByText("mini asks to join").waitFor();
      node.setPairing(pairing());
      await page.locator("#pairing-notice .notice").waitFor({ state: "detached" });
    },
  },

  "a page that is opened while somebody asks shows it, and the two steps without anybody": {
    status: status({ lan: LAN }),
    async play({ node, console }) {
      const { page } = console;
      await console.waitForLink("live");
      assert.equal(await console.copy("start-command"), "./mesh-llm");
      node.setPairing(ASKED);
      await page.reload();
      await page.getByRole("form", { name: "mini asks to join" }).waitFor();
      node.setStatus(status({ lan: { ...LAN, state: "off" } }));
      node.setPairing(pairing({ state: "off", mayAccept: false }));
      await page.locator("#start-command").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Make its command" }).waitFor();
      assert.equal(await page.locator(".join-request, .mesh-nearby").count(), 0);
    },
  },

  "names of others are text and nothing else": {
    status: status({ lan: { ...LAN, meshes: [{ ...LAN.meshes[0]!, name: HOSTILE }] } }),
    async play({ node, console }) {
      const { page } = console;
      const own = ownPairing({ state: "failed", mesh: HOSTILE, problem: HOSTILE });
      const asks = joinRequest({ name: HOSTILE, address: HOSTILE });
      node.setPairing(pairing({ requests: [asks], own }));
      await page.locator(".join-request").waitFor();
      for (const place of ["#pairing-notice", ".join-request", ".mesh-nearby", ".own-question"]) {
        const text = await console.textOf(page.locator(place));
        assert.match(text, /<img src=x onerror=/, place);
        assert.doesNotMatch(text, /\p{Cc}|\p{Cf}/u, place);
      }
      assert.equal(await page.locator("main :is(img, script), .top img").count(), 0);
      assert.doesNotMatch(await page.title(), /owned/);
    },
  },

  "a machine that is alone asks a mesh nearby, and shows its code": {
    status: status({ lan: LAN }),
    expectedErrors: /status of 404/,
    async play({ node, console }) {
      const { page } = console;
      const done: string[] = [];
      node.pairing = {
        ...node.pairing,
        ask: ({ mesh, leave }) => Promise.resolve(void done.push(`ask ${mesh} ${leave}`)),
        cancel: () => Promise.resolve(void done.push("cancel")),
      };
      const panel = page.getByRole("region", { name: "Join a mesh" });
      await panel.getByText("studio's mesh is here").waitFor();
      await panel.getByRole("button", { name: "Ask to join studio's mesh" }).click();
      node.setPairing(pairing({ own: ownPairing() }));
      await panel.getByText("Asking studio's mesh").waitFor();
      await panel.locator(".own-question:focus").waitFor();
      assert.equal(await page.getByRole("button", { name: /^Ask to join/ }).count(), 0);
      node.setPairing(pairing({ own: ownPairing({ state: "code", code: "482-913" }) }));
      await panel.getByText("Type it on a machine of studio's mesh").waitFor();
      const code = panel.getByRole("img", { name: "Code 4 8 2 - 9 1 3" });
      assert.equal(await code.innerText(), "482-913");
      const size = await code.evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
      assert.ok(size >= 36, `${size} px`);
      await panel.getByRole("button", { name: "Cancel" }).click();
      const problem = "Nobody there typed the code in time";
      node.setPairing(pairing({ own: ownPairing({ state: "failed", problem }) }));
      await panel.getByText(problem).waitFor();
      assert.deepEqual(done, ["ask 0a1b2c3d false", "cancel"]);
      // It can ask again, and a mesh that is gone meanwhile is told of.
      node.pairing = {
        ...node.pairing,
        ask: () => Promise.reject(new PairingRefusedError("unknown-mesh", "studio is not here")),
      };
      await panel.getByRole("button", { name: "Ask to join studio's mesh" }).click();
      await panel.getByRole("alert").getByText("studio is not here").waitFor();
      node.setPairing(pairing({ own: ownPairing({ state: "joining" }) }));
      await panel.getByText("Joining studio's mesh").waitFor();
      // The invite has come: nothing is left to cancel.
      assert.equal(await panel.getByRole("button").count(), 0);
      node.setPairing(pairing({ own: ownPairing({ state: "joined" }) }));
      await panel.getByText("This machine is in studio's mesh").waitFor();
      node.setStatus(status({ peers: [peer()], lan: { ...LAN, meshes: [] } }));
      await panel.getByRole("button", { name: "Close" }).click();
      await panel.waitFor({ state: "detached" });
      await console.goTo("Chat");
      await console.goTo("Mesh");
      await page.reload();
      await console.waitForHeadline("guide is ready");
      assert.equal(await panel.count(), 0, "nobody is told again of what has ended well");
    },
  },

  "of many meshes nearby three come first, and each is asked where it stands": {
    status: status({
      lan: {
        ...LAN,
        meshes: Array.from({ length: 12 }, (_, index) => ({
          name: `mesh${index}`,
          shortId: `0000000${index.toString(16)}`,
          machines: 1,
          addresses: [`192.168.1.${index + 10}:47001`],
        })),
      },
    }),
    async play({ node, console }) {
      const { page } = console;
      let told: (mesh: string) => void = () => {};
      node.pairing = { ...node.pairing, ask: ({ mesh }) => Promise.resolve(told(mesh)) };
      await page.locator(".mesh-nearby").nth(2).waitFor();
      assert.equal(await page.locator(".mesh-nearby").count(), 3);
      assert.equal(await page.locator(".lan-list li button").count(), 9);
      for (const [name, shortId] of [["mesh0", "00000000"], ["mesh11", "0000000b"]]) {
        const asked = new Promise<string>((resolve) => told = resolve);
        await page.getByRole("button", { name: `Ask to join ${name}'s mesh` }).click();
        assert.equal(await asked, shortId);
      }
    },
  },

  "a machine that has a mesh is asked before it leaves it": {
    status: status({ peers: [peer({ name: "tower" })], lan: LAN }),
    expectedErrors: /status of 409/,
    async play({ node, console }) {
      const { page } = console;
      const asked: boolean[] = [];
      node.pairing = {
        ...node.pairing,
        ask({ leave }) {
          asked.push(leave);
          return leave
            ? Promise.resolve()
            : Promise.reject(new PairingRefusedError("in-a-mesh", "It has a mesh"));
        },
      };
      const ask = page.getByRole("region", { name: "Machines on this network" })
        .getByRole("button", { name: "Ask to join studio's mesh" });
      const dialog = page.getByRole("dialog", { name: "Leave this mesh?" });
      await ask.click();
      await dialog.getByText("This machine is in a mesh with tower.").waitFor();
      await dialog.getByText("That mesh loses what it serves here: guide.").waitFor();
      assert.deepEqual(await console.seriousProblems(), []);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await ask.click();
      await dialog.getByRole("button", { name: "Stay" }).click();
      await dialog.waitFor({ state: "detached" });
      assert.deepEqual(asked, [false, false]);
      await ask.click();
      await dialog.getByRole("button", { name: "Leave it and ask" }).click();
      await dialog.waitFor({ state: "detached" });
      assert.deepEqual(asked, [false, false, false, true]);
    },
  },

  "a member that may not invite sees why it lets nobody in": {
    status: status({ mesh: { token: null }, peers: [peer()], lan: LAN }),
    async play({ node, console }) {
      const { page } = console;
      node.setPairing(pairing({ mayAccept: false, requests: ASKED.requests }));
      const panel = page.locator("#invite");
      await panel.getByText("mini asks to join").waitFor();
      await panel.getByText("does not allow it to invite a machine, nor to let in one").waitFor();
      assert.equal(await panel.getByLabel("Its code").count(), 0);
      assert.equal(await console.textOf(page.locator("#pairing-notice")), "");
    },
  },

  "pairing fits every width and has no serious fault, dark or light": {
    status: status({ lan: LAN }),
    async play({ node, console }) {
      const long = "x".repeat(300);
      node.setStatus(status({ lan: { ...LAN, meshes: [{ ...LAN.meshes[0]!, name: long }] } }));
      const requests = [joinRequest({ name: long })];
      const own = ownPairing({ mesh: long, state: "code", code: "482-913" });
      for (const theme of ["dark", "light"]) {
        for (const one of [own, { ...own, state: "failed" as const, code: null, problem: long }]) {
          node.setPairing(pairing({ requests, own: one }));
          await console.page.locator(`.own-question[data-state="${one.state}"]`).waitFor();
          assert.deepEqual(await console.seriousProblems(), [], `${theme}, ${one.state}`);
          for (const width of [320, 390, 760, 1000, 1440]) {
            await console.page.setViewportSize({ width, height: 800 });
            await console.fitsSoon(`pairing at ${width} px`);
          }
        }
        if (theme === "dark") {
          await console.page.getByRole("button", { name: "Switch to the light theme" }).click();
        }
      }
    },
  },
};

await playScenes("pairing in Chromium", SCENES);
