import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "../../../src/cli/config/parse.ts";
import { commandsOf, hasDesktop, readRuntime } from "../../../src/cli/terminal/runtime.ts";
import { temporaryFolder } from "../../support/program.ts";
import manifest from "../../../deno.json" with { type: "json" };

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

Deno.test("settings are read from a file, through a link of one's own, and no pipe is waited for", async () => {
  await using folder = await temporaryFolder();
  const { facts } = readRuntime();
  const at = (name: string) => join(folder.path, name);
  await Deno.writeTextFile(at("file"), 'name = "Zoë"', { mode: 0o600 });
  await Deno.symlink(at("file"), at("link"));
  for (const name of ["file", "link"]) {
    const { text, mode } = facts.readConfig(at(name)) ?? {};
    assert.deepEqual([text, (mode ?? 0) & 0o777], ['name = "Zoë"', 0o600]);
  }
  assert.equal(facts.readConfig(at("none")), undefined);
  await new Deno.Command("mkfifo", { args: [at("pipe")] }).output();
  await Deno.mkdir(at("folder"));
  for (const name of ["pipe", "folder"]) {
    assert.throws(() => facts.readConfig(at(name)), /it is not a file$/);
  }
});
