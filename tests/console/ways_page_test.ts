/** How machines are reached, and the relays of the mesh. In a real Chromium. */

import assert from "node:assert/strict";
import type { RelayView } from "../../src/api/mod.ts";
import { InviteRefusedError } from "../../src/api/mod.ts";
import { MINI, peer, status, TOWER } from "../support/console_status.ts";
import { playScenes, type Scenes } from "./scenes.ts";

const VPS: RelayView = {
  id: "12D3KooWVpsVpsVpsVpsVpsVpsVpsVpsVpsVpsDDDDDD",
  name: "vps",
  addresses: ["/ip4/203.0.113.7/udp/47001/quic-v1/p2p/12D3KooWVps"],
  connected: true,
};

const ADVICE = "No direct way was found so far: forward UDP port 47002 to this machine";

const PEERS = [
  peer({ rttMs: 24, reached: { kind: "relayed", by: VPS.id, advice: ADVICE } }),
  peer({ id: TOWER, name: "tower", rttMs: 0.3, reached: { kind: "lan" } }),
];

const SCENES: Scenes = {
  "each machine says how it is reached, on its line and on its card": {
    status: status({ peers: PEERS, relays: [VPS] }),
    async play({ console }) {
      const { page } = console;
      const mini = console.machine(MINI);
      await mini.getByText("relayed by vps, 24 ms away").waitFor();
      await mini.getByText(ADVICE).waitFor();
      const tower = console.machine(TOWER);
      await tower.getByText("LAN, 0.3 ms away").waitFor();
      assert.equal(await tower.locator(".way-advice").count(), 0);
      await page.locator(".topo-way").getByText("relayed", { exact: true }).waitFor();
      await page.locator(".topo-way").getByText("LAN", { exact: true }).waitFor();
      assert.equal(await page.locator('.topo-link[data-way="relayed"]').count(), 1);
      const relay = page.getByRole("list", { name: "Relays" }).getByRole("listitem");
      assert.match(await relay.innerText(), /vps connected, at 203\.0\.113\.7:47001/);
    },
  },
  "a relay is added by its claim, once that is the right one, and taken out": {
    status: status(),
    expectedErrors: /status of 403/,
    async play({ node, console }) {
      const { page } = console;
      const asked: unknown[] = [];
      node.relays = {
        list: () => [],
        add(...asking) {
          asked.push(asking);
          if (asking[0] === "relay1_new") return Promise.resolve(VPS);
          return Promise.reject(
            new InviteRefusedError("not-allowed", "This claim was used already"),
          );
        },
        remove: (id) => Promise.resolve(void asked.push(id)),
      };
      await page.getByRole("button", { name: "Add a relay" }).click();
      const form = page.getByRole("form", { name: "Add a relay" });
      await form.getByText("./mesh-llm relay", { exact: true }).waitFor();
      const claim = form.getByLabel("The claim that it prints");
      await claim.fill(" relay1_used\n");
      await form.getByLabel("A name for it").fill("vps");
      await form.getByRole("button", { name: "Add it" }).click();
      await form.getByRole("alert").getByText("This claim was used already").waitFor();
      await claim.fill("relay1_new");
      await page.keyboard.press("Enter");
      await form.waitFor({ state: "detached" });
      node.setStatus(status({ relays: [{ ...VPS, name: "v\u202eps", connected: false }] }));
      const relay = page.getByRole("list", { name: "Relays" }).getByRole("listitem");
      await relay.getByText("not reached now, at 203.0.113.7:47001").waitFor();
      await relay.getByRole("button", { name: "Remove vps" }).click();
      await relay.getByRole("group", { name: "Remove vps" }).getByRole("button", {
        name: "Remove vps",
      }).click();
      while (asked.length < 3) await page.waitForFunction(() => true);
      assert.deepEqual(asked, [["relay1_used", "vps"], ["relay1_new", "vps"], VPS.id]);
    },
  },
  "a machine that may not invite sees the relays, and adds none": {
    status: status({ mesh: { token: null }, relays: [{ ...VPS, name: null }] }),
    async play({ console }) {
      const { page } = console;
      const relay = page.getByRole("list", { name: "Relays" }).getByRole("listitem");
      assert.match(await relay.innerText(), /…DDDDDD connected/);
      assert.equal(await page.getByRole("button", { name: /Add a relay|Remove/ }).count(), 0);
    },
  },
};

await playScenes("how machines are reached", SCENES);
