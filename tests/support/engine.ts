/** Real llama.cpp for tests: what this machine has, else Debian's or the release's, installed once for all test files. */

import { getLogger } from "@logtape/logtape";
import { dirname, join } from "node:path";
import { proxySettings } from "../../src/base/proxy_choice.ts";
import { downloadWorld } from "../../src/downloads/mod.ts";
import { type Engine, prepareEngine } from "../../src/engine/mod.ts";

/** llama.cpp, or why tests that need it are ignored. */
export type TestEngine =
  | { readonly engine: Engine; readonly binDir: string }
  | { readonly engine: null; readonly reason: string };

const HOME = new URL("../../.cache/test-home", import.meta.url).pathname;

let prepared: Promise<TestEngine> | undefined;

/** On CI there is no excuse: it throws there instead. */
export function engineOrReason(): Promise<TestEngine> {
  return prepared ??= prepare();
}

/** @throws where there is none and none can be installed. */
export async function testEngine(): Promise<Engine> {
  const found = await engineOrReason();
  if (found.engine === null) throw new Error(found.reason);
  return found.engine;
}

/** A folder with both binaries, for `--bin-dir`. */
export async function testBinDir(): Promise<string> {
  const found = await engineOrReason();
  if (found.engine === null) throw new Error(found.reason);
  return found.binDir;
}

/** A test that needs llama.cpp; ignored, with the reason in its name, where there is none. */
export function engineTest(
  found: TestEngine,
  name: string,
  fn: (engine: Engine) => Promise<void>,
): void {
  const { engine } = found;
  if (engine === null) Deno.test.ignore(`${name} (${found.reason})`, () => {});
  else Deno.test(name, () => fn(engine));
}

async function prepare(): Promise<TestEngine> {
  // Many servers share this machine's cores: threads that wait by spinning would slow each other a hundredfold.
  Deno.env.set("OMP_WAIT_POLICY", "passive");
  await Deno.mkdir(HOME, { recursive: true });
  // Test files run at the same time: the first installs, the others wait for it.
  using lock = await Deno.open(join(HOME, "lock"), { write: true, create: true });
  await lock.lock(true);
  try {
    const engine = await prepareEngine({
      dataDir: HOME,
      binDir: Deno.env.get("MESH_LLM_TEST_BIN_DIR") ?? null,
      executableDir: HOME,
      path: Deno.env.get("PATH") ?? "",
      install: true,
      downloads: downloadWorld(null, proxySettings(Deno.env.toObject())),
      onProgress: () => {},
      logger: getLogger("test"),
    });
    return { engine, binDir: await binDirOf(engine) };
  } catch (error) {
    if (Deno.env.get("CI") === "true" || !(error instanceof Error)) throw error;
    return { engine: null, reason: error.message };
  }
}

/** If a system keeps the two apart, a folder with a link to each. */
async function binDirOf({ llamaServer, rpcServer }: Engine): Promise<string> {
  if (dirname(llamaServer) === dirname(rpcServer)) return dirname(llamaServer);
  const dir = join(HOME, "bin");
  await Deno.mkdir(dir, { recursive: true });
  await replaceLink(llamaServer, join(dir, "llama-server"));
  await replaceLink(rpcServer, join(dir, "rpc-server"));
  return dir;
}

/** A process that runs the old one meanwhile finds one at every moment. */
async function replaceLink(target: string, path: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  await Deno.symlink(target, draft);
  await Deno.rename(draft, path);
}
