import assert from "node:assert/strict";
import { hasDesktop } from "../../src/cli/runtime.ts";

const machines: [
  fact: string,
  os: typeof Deno.build.os,
  env: Record<string, string>,
  desktop: boolean,
][] = [
  ["a Mac", "darwin", {}, true],
  ["Linux with X", "linux", { DISPLAY: ":0" }, true],
  ["Linux with Wayland", "linux", { WAYLAND_DISPLAY: "wayland-0" }, true],
  ["a Linux server", "linux", { DISPLAY: "" }, false],
  ["a remote shell", "linux", { DISPLAY: "localhost:10.0", SSH_CONNECTION: "1 2 3 4" }, false],
  ["a Mac over the network", "darwin", { SSH_CONNECTION: "1 2 3 4" }, false],
  ["continuous integration", "darwin", { CI: "true" }, false],
];

for (const [fact, os, env, desktop] of machines) {
  Deno.test(`hasDesktop() says ${desktop ? "yes" : "no"} to ${fact}`, () => {
    assert.equal(hasDesktop(os, env), desktop);
  });
}
