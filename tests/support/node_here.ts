/** Nodes in the test's own process: many start at once, and a test can change what a user can't. */

import { getLogger } from "@logtape/logtape";
import {
  type Changes,
  NODE_DEFAULTS,
  type NodeConfig,
  withChanges,
} from "../../src/node/config.ts";
import type { StartOptions } from "../../src/node/mod.ts";
// Not by the door, which loads it with the first node: the client that it makes for llama-server would be the test's leak.
import { startNode } from "../../src/node/node.ts";
import { testBinDir } from "./engine.ts";

/** A node of which nothing was said, with the tests' llama.cpp, on free ports. */
async function plainConfig(dataDir: string): Promise<NodeConfig> {
  return withChanges({ ...NODE_DEFAULTS, dataDir, name: "here" }, {
    api: { port: 0, consolePort: 0, console: false },
    engine: { binDir: await testBinDir() },
    mesh: { lan: false, portMapping: false },
    models: { hub: { endpoint: "https://hub.invalid", token: null } },
  });
}

/** Call `endLibp2pLeaks` once it has stopped. */
export async function nodeHere(
  dataDir: string,
  changes: Changes,
  options: Partial<StartOptions> = {},
) {
  return await startNode(withChanges(await plainConfig(dataDir), changes), {
    logger: getLogger("test"),
    signal: new AbortController().signal,
    executableDir: dataDir,
    path: undefined,
    home: null,
    version: "0.1.0",
    commands: { start: "./mesh-llm", run: "./mesh-llm" },
    ...options,
  });
}
