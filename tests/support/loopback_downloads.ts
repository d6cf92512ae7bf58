/**
 * The program, but its downloads may come from this machine: otherwise only public addresses are asked.
 * Run with the arguments of the program; `TEST_HUB` is the hub, by plain http.
 */

import { configureLogging } from "../../src/cli/logging.ts";
import { printOut } from "../../src/cli/output.ts";
import { parse } from "../../src/cli/parse.ts";
import { ProcessEvents } from "../../src/cli/process_events.ts";
import { readRuntime } from "../../src/cli/runtime.ts";
import { startNode } from "../../src/node/mod.ts";

const runtime = readRuntime();
const config = parse(Deno.args, runtime.environment, runtime.facts);
if (config.kind !== "serve") throw new Error("This serves and does nothing else");
using events = new ProcessEvents({ hangups: false, onImpatience: () => Deno.exit(1) });
const { logger, logs } = configureLogging({
  format: config.logFormat,
  colour: false,
  terminal: false,
  verbose: false,
  joinCommand: `${runtime.commands.start} --join`,
  console: config.console,
}, printOut);
const hub = { endpoint: Deno.env.get("TEST_HUB") ?? "", token: null };
const node = await startNode({ ...config, hub }, {
  logger,
  logs,
  signal: new AbortController().signal,
  executableDir: runtime.executableDir,
  path: runtime.path,
  home: null,
  version: "test",
  commands: runtime.commands,
  downloadRules: {
    allowsUrl: ({ hostname }) => hostname === "127.0.0.1",
    allowsAddress: (address) => address === "127.0.0.1",
  },
});
await events.cause;
await node.stop("the test is over");
Deno.exit(0);
