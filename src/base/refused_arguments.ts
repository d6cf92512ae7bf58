/** The arguments of llama-server that no user of this node sets for a model, each with the reason. */

/** This node gives them itself; what its user sets in their place. */
const INSTEAD = {
  ctx: ["--ctx-size", "-c"],
  parallel: [
    "--parallel",
    "-np",
    "--kv-unified",
    "--no-kv-unified",
    "-kvu",
    "-no-kvu",
    "--kv-unified-per-slot",
  ],
  aliases: ["--alias", "-a", "--tags"],
  draft: [
    "--spec-draft-model",
    "--model-draft",
    "-md",
    "--spec-draft-device",
    "--device-draft",
    "-devd",
    "--spec-draft-ngl",
    "--gpu-layers-draft",
    "--n-gpu-layers-draft",
    "-ngld",
  ],
  device: [
    "--device",
    "-dev",
    "--gpu-layers",
    "--n-gpu-layers",
    "-ngl",
    "--fit",
    "-fit",
    "--fit-target",
    "-fitt",
    "--fit-ctx",
    "-fitc",
  ],
  "idle_unload": ["--sleep-idle-seconds"],
  "tensor-split, for all models,": ["--tensor-split", "-ts"],
  '[model."NAME"] with the model\'s name': ["--model", "-m"],
} as const;

/** A clause behind "is refused, for". */
const FORBIDDEN = {
  "it opens llama-server to the network, or fetches something from there": [
    "--host",
    "--port",
    "--reuse-port",
    "--api-prefix",
    "--rpc",
    "--cors-origins",
    "--cors-methods",
    "--cors-headers",
    "--cors-credentials",
    "--no-cors-credentials",
    "--model-url",
    "-mu",
    "--docker-repo",
    "-dr",
    "--hf-repo",
    "-hf",
    "-hfr",
    "--hf-file",
    "-hff",
    "--hf-token",
    "-hft",
    "--hf-repo-v",
    "-hfv",
    "-hfrv",
    "--hf-file-v",
    "-hffv",
    "--spec-draft-hf",
    "--hf-repo-draft",
    "-hfd",
    "-hfrd",
    "--mmproj-url",
    "-mmu",
    "--embd-gemma-default",
    "--fim-qwen-1.5b-default",
    "--fim-qwen-3b-default",
    "--fim-qwen-7b-default",
    "--fim-qwen-7b-spec",
    "--fim-qwen-14b-spec",
    "--fim-qwen-30b-default",
    "--gpt-oss-20b-default",
    "--gpt-oss-120b-default",
    "--vision-gemma-4b-default",
    "--vision-gemma-12b-default",
    "--models-dir",
    "--models-preset",
    "--models-max",
    "--models-autoload",
    "--no-models-autoload",
    "--ui",
    "--webui",
    "--no-ui",
    "--no-webui",
    "--ui-config",
    "--webui-config",
    "--ui-config-file",
    "--webui-config-file",
    "--props",
    "--offline",
  ],
  "it sets who may reach llama-server, which only this node may": [
    "--api-key",
    "--api-key-file",
    "--ssl-key-file",
    "--ssl-cert-file",
  ],
  "llama-server would write a file": [
    "--log-file",
    "--log-prompts-dir",
    "--slot-save-path",
    "--lookup-cache-dynamic",
    "-lcd",
  ],
  "it would serve files of this machine to callers": ["--path", "--media-path"],
  "it lets a model use tools, or agents use this machine": [
    "--tools",
    "--tools-runtime",
    "--mcp-servers-config",
    "--mcp-servers-json",
    "--ui-mcp-proxy",
    "--webui-mcp-proxy",
    "--no-ui-mcp-proxy",
    "--no-webui-mcp-proxy",
    "--agent",
    "--no-agent",
    "-ag",
    "-no-ag",
  ],
  "it names programs that llama-server would run": ["--video-ffmpeg-dir"],
} as const;

/** Of the families above, whatever a later llama.cpp adds to them. */
export const FORBIDDEN_FAMILIES =
  /^--(no-)?(tools|mcp|agent|cors|api-key|ssl|hf|ui|webui|models|log)(-|$)/;

function byName(lists: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(lists).flatMap(([text, names]) => names.map((name) => [name, text] as const)),
  );
}

/** The setting that stands in the place of an argument. */
export const SET_INSTEAD: ReadonlyMap<string, string> = byName(INSTEAD);

/** Why an argument is refused. */
export const REFUSED: ReadonlyMap<string, string> = byName(FORBIDDEN);
