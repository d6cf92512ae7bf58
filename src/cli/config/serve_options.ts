/** The options of a node, for the bare command and for `console`. */

import { type Command, Option } from "commander";
import { API_PORT, CONSOLE_PORT } from "../base/defaults.ts";
import {
  parseAddress,
  parseContextLength,
  parseDuration,
  parseGigabytes,
  parseHostName,
  parseKey,
  parseName,
  parseNotEmpty,
  parsePort,
  parseProportions,
} from "./values.ts";

export interface ServeOptions {
  readonly model?: readonly string[];
  readonly join?: string;
  readonly client?: true;
  readonly leave?: true;
  readonly name?: string;
  readonly port?: number;
  readonly consolePort?: number;
  /** `false` by `--no-console`. */
  readonly console?: boolean;
  readonly bindPort?: number;
  readonly listen?: string;
  readonly consoleListen?: string;
  readonly hostName?: readonly string[];
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly insecure?: true;
  readonly recordPrompts?: true;
  readonly split?: true;
  readonly tensorSplit?: readonly number[];
  readonly maxVram?: number;
  readonly ctx?: number;
  /** `false` by `--no-draft`. */
  readonly draft?: string | false;
  readonly idleUnload?: number;
  readonly binDir?: string;
  readonly modelsDir?: string;
  readonly dataDir?: string;
  readonly logFormat?: "pretty" | "json";
}

const MODELS = "Models and memory:";
const MESH = "Mesh:";
export const NETWORK = "Network:";
const FILES = "Files and output:";

export function addServeOptions(command: Command): void {
  command.optionsGroup(MODELS)
    .option(
      "--model <name|path>",
      "model to serve; may be given several times",
      collector("--model", parseNotEmpty),
    )
    .option("--split", "split each model over several machines even if one could hold it")
    .option(
      "--tensor-split <r,r>",
      "shares of a split, host first, then the nearest",
      parser("--tensor-split", parseProportions),
    )
    .option(
      "--max-vram <gb>",
      "memory to offer, in GB (10^9)",
      parser("--max-vram", parseGigabytes),
    )
    .option("--ctx <n>", "context length in tokens", parser("--ctx", parseContextLength))
    .option(
      "--draft <path>",
      "small model that drafts tokens (default: one on disk of the same vocabulary)",
      parser("--draft", parseNotEmpty),
    )
    .option("--no-draft", "draft no tokens")
    .option(
      "--idle-unload <time>",
      "free the memory of a model that nobody asked for in this time, such as 15m",
      parser("--idle-unload", parseDuration),
    );
  command.optionsGroup(MESH)
    .option(
      "--join <token>",
      "join the mesh of this invite; - reads it from standard input, @PATH from a file, and MESH_LLM_JOIN keeps it out of ps",
      parser("--join", parseNotEmpty),
    )
    .addOption(
      // Options of llama.cpp mean nothing to a client and do no harm; these contradict it.
      new Option("--client", "use the models of a mesh and serve none").conflicts([
        "model",
        "split",
      ]),
    )
    .option("--leave", "leave the mesh that the data directory belongs to")
    .option(
      "--name <name>",
      "name of this node (default: the host name)",
      parser("--name", parseName),
    );
  addNetworkOptions(command);
  command.optionsGroup(FILES)
    .option(
      "--bin-dir <dir>",
      "use llama.cpp from this folder only",
      parser("--bin-dir", parseNotEmpty),
    )
    .option("--models-dir <dir>", "look for models here", parser("--models-dir", parseNotEmpty));
  addDataDirOption(command)
    .addOption(
      new Option("--log-format <format>", "format of standard output (default: pretty)")
        .choices(["pretty", "json"]),
    );
  command.optionsGroup("Options:");
}

function addNetworkOptions(command: Command): void {
  command.optionsGroup(NETWORK)
    .option(
      "--port <n>",
      `API port, 0 takes a free one (default: ${API_PORT})`,
      parser("--port", parsePort),
    )
    .option(
      "--console-port <n>",
      `console port, 0 takes a free one (default: ${CONSOLE_PORT})`,
      parser("--console-port", parsePort),
    )
    .option(
      "--bind-port <n>",
      "UDP port for the mesh (default: chosen once and kept)",
      parser("--bind-port", parsePort),
    )
    .option(
      "--listen <addr>",
      "address of the API (default: 127.0.0.1)",
      parser("--listen", parseAddress),
    )
    .option(
      "--console-listen <addr>",
      "address of the console; beyond this machine it needs MESH_LLM_ADMIN_KEY",
      parser("--console-listen", parseAddress),
    )
    .option(
      "--host-name <name>",
      "name under which callers reach this machine, such as gpu.lan or *.lan; may repeat",
      collector("--host-name", parseHostName),
    )
    .option(
      "--api-key <key>",
      "key that API callers must send; MESH_LLM_API_KEY keeps it out of ps",
      parser("--api-key", parseKey),
    )
    .option(
      "--api-key-file <path>",
      "JSON file of keys with models and limits",
      parser("--api-key-file", parseNotEmpty),
    )
    .option("--insecure", "allow --listen beyond this machine without a key")
    .option("--record-prompts", "keep the prompts of requests, for /api/requests");
}

export function addDataDirOption(command: Command): Command {
  return command.option(
    "--data-dir <dir>",
    "folder of this node's own files (default: MESH_LLM_HOME or ~/.mesh-llm)",
    parser("--data-dir", parseNotEmpty),
  );
}

/** Commander passes the text only; the messages need the option's name too. */
export function parser<T>(
  option: string,
  parse: (option: string, text: string) => T,
): (text: string) => T {
  return (text) => parse(option, text);
}

/** The same for an option that may be given several times. */
function collector<T>(
  option: string,
  parse: (option: string, text: string) => T,
): (text: string, earlier?: readonly T[]) => readonly T[] {
  return (text, earlier = []) => [...earlier, parse(option, text)];
}
