import assert from "node:assert/strict";
import { parse } from "../../src/cli/parse.ts";
import { commandsOf, hasDesktop, readRuntime } from "../../src/cli/runtime.ts";
import manifest from "../../deno.json" with { type: "json" };

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

Deno.test("commandsOf() names what can be typed where this process was started", () => {
  assert.deepEqual(commandsOf(true, "2.9.4"), { start: "./mesh-llm", run: "./mesh-llm" });
  const { start, run } = commandsOf(false, "2.9.4");
  assert.equal(start, "npx -y deno@2.9.4 task start");
  assert.equal(run, "npx -y deno@2.9.4 run -A main.ts");
  const [, task = ""] = manifest.tasks.start.split("main.ts ");
  const { facts } = readRuntime();
  const kindOf = (words: string) =>
    parse(words.split(" "), {}, { ...facts, readConfig: () => undefined }).kind;
  for (const options of ["--join t", "--client --join t", "--model guide"]) {
    assert.equal(kindOf(`${task} ${options}`), "serve", options);
  }
  assert.equal(kindOf("token"), "token");
});
