import assert from "node:assert/strict";
import {
  makerOf,
  parseNvidiaDriver,
  parseNvidiaSmi,
} from "../../../src/engine/devices/machine_facts.ts";
import { readMachineFacts } from "../../../src/engine/devices/read_facts.ts";

const GCC = "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n";

for (
  const [line, driver] of [
    [
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024",
      "535.183.01",
    ],
    [
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder@U22)",
      "580.65.06",
    ],
    [
      "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.95.05  Release Build",
      "580.95.05",
    ],
    ["NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86  Tue Jan  7 2025", "570.86"],
    ["something else", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`parseNvidiaDriver() reads ${driver} of "${line.slice(0, 60)}"`, () => {
    assert.equal(parseNvidiaDriver(`${line}\n${GCC}`), driver);
  });
}

Deno.test("parseNvidiaSmi() reads each card, and what an old driver does not tell", () => {
  const text = "NVIDIA GeForce RTX 3060, 535.183.01, 8.6\n" +
    "NVIDIA A100-SXM4-40GB, 535.183.01, 8.0\r\n" +
    "Tesla K80, 470.256.02, [N/A]\n\nNo devices were found\n";
  assert.deepEqual(parseNvidiaSmi(text), {
    driver: "535.183.01",
    gpus: [
      { name: "NVIDIA GeForce RTX 3060", capability: 8.6 },
      { name: "NVIDIA A100-SXM4-40GB", capability: 8 },
      { name: "Tesla K80", capability: null },
    ],
  });
  assert.equal(parseNvidiaSmi("No devices were found\n"), null);
  assert.equal(parseNvidiaSmi(""), null);
});

Deno.test("makerOf() knows makers of GPUs, and no adapter that only draws", () => {
  assert.deepEqual(["0x10de\n", "0x1002\n", "0x8086\n"].map(makerOf), ["NVIDIA", "AMD", "Intel"]);
  assert.deepEqual(["0x1a03\n", "0x1af4\n", ""].map(makerOf), [undefined, undefined, undefined]);
});

Deno.test("readMachineFacts() reads this machine", async () => {
  const facts = await readMachineFacts({ dataDir: "/" });
  assert.equal(facts.os, Deno.build.os);
  if (Deno.build.os === "linux") assert.match(facts.glibc ?? "", /^\d+\.\d+$/);
  assert.ok(facts.freeBytes !== null && facts.freeBytes > 0);
});
