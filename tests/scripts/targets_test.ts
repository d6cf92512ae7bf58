import assert from "node:assert/strict";
import { findTarget, HEADER_BYTES, targetOf, TARGETS } from "../../scripts/targets.ts";

Deno.test("findTarget() knows a platform by its short name and by Deno's", () => {
  for (const target of TARGETS) {
    assert.equal(findTarget(target.name), target);
    assert.equal(findTarget(target.triple), target);
  }
  assert.equal(findTarget("x86_64-pc-windows-msvc"), undefined);
});

Deno.test("every platform's addon is one that the transport offers", async () => {
  const path = new URL("../../node_modules/@chainsafe/libp2p-quic/package.json", import.meta.url);
  const { optionalDependencies } = JSON.parse(await Deno.readTextFile(path));
  for (const { addon } of TARGETS) assert.ok(addon in optionalDependencies, addon);
});

const headers: [name: string, bytes: string, target: string | undefined][] = [
  ["ELF for x64", "7f454c460201010000000000000000000300 3e00", "linux-x64"],
  ["ELF for arm64", "7f454c460201010000000000000000000300 b700", "linux-arm64"],
  ["ELF for RISC-V", "7f454c460201010000000000000000000300 f300", undefined],
  ["Mach-O for x64", "cffaedfe 07000001 0300000002000000 14000000", "darwin-x64"],
  ["Mach-O for arm64", "cffaedfe 0c000001 0000000002000000 14000000", "darwin-arm64"],
  ["a script", "23212f62696e2f73680a0000000000000000 0000", undefined],
  ["an empty file", "", undefined],
];

for (const [name, bytes, target] of headers) {
  Deno.test(`targetOf() takes ${name} for ${target ?? "none of ours"}`, () => {
    assert.equal(targetOf(Uint8Array.fromHex(bytes.replaceAll(" ", "")))?.name, target);
  });
}

Deno.test("targetOf() knows the executable that runs this test", async () => {
  using file = await Deno.open(Deno.execPath());
  const header = new Uint8Array(HEADER_BYTES);
  await file.read(header);
  assert.equal(targetOf(header)?.triple, Deno.build.target);
});
