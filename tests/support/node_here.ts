/** Nodes in the test's own process: many start at once, and a test can change what a user can't. */

import { getLogger } from "@logtape/logtape";
import { type NodeConfig, startNode, type StartOptions } from "../../src/node/mod.ts";
import { testBinDir } from "./engine.ts";

/** A node of which nothing was said, with the tests' llama.cpp, on free ports. */
async function plainConfig(dataDir: string): Promise<NodeConfig> {
  return {
    client: false,
    openBrowser: false,
    models: [],
    join: null,
    leave: false,
    port: 0,
    consolePort: 0,
    console: false,
    bindPort: null,
    listen: "127.0.0.1",
    consoleListen: "127.0.0.1",
    apiKey: null,
    hostNames: [],
    apiKeyFile: null,
    adminKey: null,
    insecure: false,
    recordPrompts: false,
    split: false,
    tensorSplit: null,
    maxVramBytes: null,
    contextLength: null,
    draft: null,
    idleUnloadMs: null,
    binDir: await testBinDir(),
    modelsDir: null,
    hub: { endpoint: "https://hub.invalid", token: null },
    dataDir,
    name: "here",
  };
}

/** Call `endLibp2pLeaks` once it has stopped. */
export async function nodeHere(
  dataDir: string,
  config: Partial<NodeConfig>,
  options: Partial<StartOptions> = {},
) {
  return await startNode({ ...await plainConfig(dataDir), ...config }, {
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
