/** Two processes that install into one data directory: a node at its first start, and a person who did not wait for it. */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { MachineFacts } from "../../../src/engine/devices/machine_facts.ts";
import { pause } from "../../../src/base/pause.ts";
import { installEngine, prepareEngine } from "../../../src/engine/mod.ts";
import { holdEngines } from "../../../src/engine/install/engine_dir.ts";
import { LOOPBACK_WORLD } from "../../downloads/loopback_world.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { tempDir } from "../temp_dir.ts";
import { archiveName, serveRelease, TAG, tarball } from "./release_server.ts";

const found = await engineOrReason();
const BIN = found.engine === null ? "" : found.binDir;
const VULKAN = archiveName("vulkan");

const FACTS: MachineFacts = {
  os: "linux",
  arch: Deno.build.arch,
  glibc: "2.39",
  nvidia: null,
  hasKfd: false,
  hasVulkanLoader: true,
  gpus: [],
  freeBytes: null,
};

function linuxTest(name: string, fn: () => Promise<void>): void {
  if (Deno.build.os !== "linux") Deno.test.ignore(`${name} (Linux)`, fn);
  else engineTest(found, name, fn);
}

async function release(dir: string) {
  const file = await tarball(dir, {
    "llama-server": `exec "${BIN}/llama-server" "$@"`,
    "rpc-server": `exec "${BIN}/rpc-server" "$@"`,
  });
  return serveRelease([{ name: VULKAN, file }, { name: archiveName(), file }]);
}

function options(dataDir: string, apiUrl: string) {
  return {
    dataDir,
    facts: FACTS,
    onProgress: () => {},
    downloads: { ...LOOPBACK_WORLD, pause: (_ms: number, signal: AbortSignal) => pause(5, signal) },
    logger: getLogger("test"),
    release: { apiUrl, tag: TAG },
  };
}

linuxTest("two installations at a time get the same build, one after the other", async () => {
  await using dir = await tempDir();
  await using server = await release(dir.path);
  const both = [1, 2].map(() =>
    installEngine({ ...options(dir.path, server.apiUrl), from: "release" })
  );
  assert.deepEqual((await Promise.all(both)).map(({ build }) => build), ["vulkan", "vulkan"]);
  assert.ok(server.asked.every((name) => name === VULKAN), server.asked.join());
  const left = [...Deno.readDirSync(join(dir.path, "engine"))].map(({ name }) => name).sort();
  assert.deepEqual(left, ["current", `release-${TAG}-vulkan`]);
});

linuxTest("a start that waited for an installation takes what it brought", async () => {
  await using dir = await tempDir();
  await using server = await release(dir.path);
  const nowhere = { binDir: null, executableDir: join(dir.path, "none"), path: "", install: true };
  const both = [1, 2].map(() =>
    prepareEngine({ ...options(dir.path, server.apiUrl), ...nowhere, debian: { keyrings: [] } })
  );
  const [first, second] = await Promise.all(both);
  assert.equal(first?.llamaServer, second?.llamaServer);
  assert.deepEqual(server.asked, [VULKAN]);
});

Deno.test("an installation that waits for another ends with the signal's reason", async () => {
  await using dir = await tempDir();
  using _other = await holdEngines(dir.path, () => Promise.reject(new Error("nobody is here")));
  const waiting = new AbortController();
  const downloads = {
    ...LOOPBACK_WORLD,
    pause: (_ms: number, signal: AbortSignal) => {
      waiting.abort(new Error("enough"));
      return Promise.reject(signal.reason);
    },
  };
  const common = { ...options(dir.path, "http://127.0.0.1:1"), from: "release" as const };
  const install = installEngine({ ...common, downloads, signal: waiting.signal });
  await assert.rejects(install, /^Error: enough$/);
});
