/** Command lines for llama.cpp's servers: pure, decided by the flags that the binaries offer. */

import { aliasOf } from "../../base/model_name.ts";
import { ALL_LAYERS, LOOPBACK, PROMPT_CACHE_BYTES, TRACE_VERBOSITY } from "../base/defaults.ts";
import type {
  Engine,
  EngineDevice,
  LlamaServerSpec,
  RpcServerSpec,
  SplitMember,
} from "../base/types.ts";

type Flags = ReadonlySet<string>;

export interface LlamaServerOptions {
  readonly port: number;
  /** `null`: as many as it takes by itself. */
  readonly threads?: number | null;
  /** The user has set how much it writes into its log. */
  readonly isVerbosityTold?: boolean;
}

/**
 * Arguments of llama-server. The API key is not among them: `ps` shows arguments to everybody, so it
 * goes through the environment. llama.cpp's own `LLAMA_ARG_*` variables stay the user's; what is
 * given here wins over them.
 */
export function llamaServerArguments(
  spec: LlamaServerSpec,
  engine:
    & Pick<Engine, "llamaServerFlags" | "devices">
    & Partial<Pick<Engine, "rpcProtocol">>,
  { port, threads = null, isVerbosityTold = false }: LlamaServerOptions,
): string[] {
  const { llamaServerFlags: flags, rpcProtocol = "" } = engine;
  const used = usedDevices(spec, engine.devices);
  return [
    ...["--model", spec.modelPath, "--alias", aliasOf(spec.modelName)],
    ...["--host", LOOPBACK, "--port", String(port)],
    ...shapeArguments(spec, flags),
    ...(spec.purpose === "embeddings" ? offered(flags, ["--embeddings", "--embedding"]) : []),
    ...(spec.purpose === "reranking" ? offered(flags, ["--reranking", "--rerank"]) : []),
    ...layerArguments(spec, flags, used),
    ...(isVerbosityTold ? [] : tellArguments(flags)),
    ...keptArguments(spec, flags),
    ...(threads === null ? [] : offered(flags, ["--threads", "-t"], String(threads))),
    ...splitArguments(spec.split, flags, used),
    // After --rpc, which brings the devices that have these names.
    ...offered(
      flags,
      ["--device", "-dev"],
      deviceNames(spec.split, { devices: used, rpcProtocol }),
    ),
    ...draftArguments(spec, flags, used),
    ...projectorArguments(spec, flags, used),
    ...offered(flags, ["--metrics"]),
    ...offered(flags, ["--offline"]),
    ...offered(flags, ["--no-ui", "--no-webui"]),
    // Last, for llama.cpp takes the last of two.
    ...(spec.args ?? []),
  ];
}

/** Arguments of rpc-server. Never `-c`: its cache grows without bound and serves truncated files (#28789, #27585). */
export function rpcServerArguments(
  spec: RpcServerSpec,
  { rpcServerFlags: flags, devices }: Pick<Engine, "rpcServerFlags" | "devices">,
  { port, threads }: { readonly port: number; readonly threads: number },
): string[] {
  // Left to itself it prefers an accelerator library (BLAS, Accelerate) to the CPU and then aborts.
  // In the order in which a machine announces its devices: main memory is the last of them.
  const gpus = spec.lends === "main" ? [] : devices.map((device) => device.name);
  const names = spec.lends === "gpus" && gpus.length > 0 ? gpus : [...gpus, "CPU"];
  return [
    ...["-H", LOOPBACK, "-p", String(port)],
    ...offered(flags, ["--threads", "-t"], String(threads)),
    ...offered(flags, ["--device", "-d"], names.join(",")),
    ...(spec.modelPath === null ? [] : offered(flags, ["--gguf"], spec.modelPath)),
  ];
}

/** Each slot has cells of its own: with a cache that they share, many long requests at one time would all fail. */
function shapeArguments(
  { contextLength, slots = 1, batchTokens }: LlamaServerSpec,
  flags: Flags,
): string[] {
  if (contextLength === null) return [];
  const batch = batchTokens === undefined ? [] : [
    ...offered(flags, ["--batch-size", "-b"], String(batchTokens)),
    ...offered(flags, ["--ubatch-size", "-ub"], String(batchTokens)),
  ];
  return [
    ...["--ctx-size", String(contextLength * slots)],
    ...offered(flags, ["--parallel", "-np"], String(slots)),
    ...offered(flags, ["--no-kv-unified", "-no-kvu"]),
    // An answer that is cut somewhere and goes on is none that anybody asked for.
    ...offered(flags, ["--no-context-shift"]),
    ...offered(flags, ["--grp-attn-n", "-gan"], "1"),
    ...batch,
  ];
}

function usedDevices(
  { place }: LlamaServerSpec,
  devices: readonly EngineDevice[],
): readonly EngineDevice[] {
  if (place === undefined) return devices;
  if (place.kind === "main") return [];
  const { names } = place;
  return names === undefined ? devices : devices.filter(({ name }) => names.includes(name));
}

/** Whatever is kept of conversations counts in the memory that is offered: a model that leaves little room keeps less. */
function keptArguments(
  { promptCacheBytes = Infinity, checkpoints, split }: LlamaServerSpec,
  flags: Flags,
): string[] {
  const mebibytes = Math.max(0, Math.floor(promptCacheBytes / 2 ** 20));
  return [
    ...(split.length > 0 || promptCacheBytes >= PROMPT_CACHE_BYTES
      ? []
      : offered(flags, ["--cache-ram", "-cram"], String(mebibytes))),
    ...(checkpoints === undefined
      ? []
      : offered(flags, ["--ctx-checkpoints", "--swa-checkpoints"], String(checkpoints))),
  ];
}

/** Only then it tells what it keeps where; nothing of what is asked or answered is among that. */
function tellArguments(flags: Flags): string[] {
  return offered(flags, ["--log-verbosity", "--verbosity", "-lv"], String(TRACE_VERBOSITY));
}

/** The number of layers switches llama.cpp's own fitting off, so it is not given where that has to decide. */
function layerArguments(
  { place, split }: LlamaServerSpec,
  flags: Flags,
  devices: readonly EngineDevice[],
): string[] {
  if (split.length === 0 && devices.length === 0) return [];
  if (split.length > 0 || place?.kind !== "both") return ["--n-gpu-layers", String(ALL_LAYERS)];
  const target = place.spareBytes.map((bytes) => Math.ceil(bytes / 2 ** 20)).join(",");
  const fitting = offered(flags, ["--fit-target", "-fitt"], target);
  // An older build can't fit: then main memory holds all of it.
  if (fitting.length === 0) return ["--n-gpu-layers", "0"];
  return [
    ...offered(flags, ["--fit", "-fit"], "on"),
    ...fitting,
  ];
}

/** The first of the names that the binary offers, with its value; nothing where it offers none. */
function offered(flags: Flags, names: readonly string[], ...value: string[]): string[] {
  const name = names.find((name) => flags.has(name));
  return name === undefined ? [] : [name, ...value];
}

/** Names changed in 2026: an older build takes what has no new name as it is, and drafts by itself. */
function draftArguments(
  { draftPath = null }: LlamaServerSpec,
  flags: Flags,
  devices: readonly EngineDevice[],
): string[] {
  if (draftPath === null) return [];
  const model = offered(flags, ["--spec-draft-model", "--model-draft"], draftPath);
  if (model.length === 0) return [];
  const layers = ["--spec-draft-ngl", "--gpu-layers-draft", "--n-gpu-layers-draft"];
  return [
    ...model,
    ...(flags.has("--spec-draft-model") ? offered(flags, ["--spec-type"], "draft-simple") : []),
    ...(devices.length > 0 ? offered(flags, layers, String(ALL_LAYERS)) : []),
    // It stays on this machine, wherever the model is.
    ...offered(flags, ["--spec-draft-device", "--device-draft", "-devd"], deviceList(devices)),
  ];
}

/** Left to itself it goes to the first GPU that llama.cpp finds, in a split to one of another machine. */
function projectorArguments(
  { projectorPath = null, split, place }: LlamaServerSpec,
  flags: Flags,
  [device]: readonly EngineDevice[],
): string[] {
  if (projectorPath === null) return [];
  const projector = offered(flags, ["--mmproj"], projectorPath);
  // A model that llama.cpp fits by itself leaves no room for it on a device.
  const isCrowded = place?.kind === "both" ||
    place?.kind === "devices" && place.projector === "main";
  const isNear = split.length > 0 || device === undefined || isCrowded;
  const where = isNear
    ? offered(flags, ["--no-mmproj-offload"])
    : offered(flags, ["--mmproj-device", "-mmdev"], device.name);
  return projector.length === 0 ? [] : [...projector, ...where];
}

function splitArguments(
  split: readonly SplitMember[],
  flags: Flags,
  devices: readonly EngineDevice[],
): string[] {
  if (split.length === 0) return [];
  const ports = split.flatMap(({ rpcPort }) => rpcPort === null ? [] : [rpcPort]);
  return [
    ...["--rpc", ports.map((port) => `${LOOPBACK}:${port}`).join(",")],
    ...["--tensor-split", partsOf(split, devices).map(({ share }) => share).join(",")],
    // If its threads are not OpenMP's, they would spin while another process of the split has its turn.
    ...offered(flags, ["--poll"], "0"),
    // It misjudges the memory of RPC devices (#21801).
    ...offered(flags, ["--fit", "-fit"], "off"),
    // Saving the prompt cache aborts with RPC devices (#26529).
    ...offered(flags, ["--cache-ram", "-cram"], "0"),
  ];
}

/** One device of a split, in the order in which llama-server is told them. */
interface Part {
  readonly name: string;
  readonly share: number;
}

/** Those behind `--rpc` as they are listed there, then this machine's GPUs. */
function partsOf(
  split: readonly SplitMember[],
  devices: readonly EngineDevice[],
  nameOf: RpcName = rowName,
): readonly Part[] {
  const remote = split.filter(({ rpcPort }) => rpcPort !== null);
  const local = split.filter(({ rpcPort, share }) => rpcPort === null && share > 0);
  if (local.length > 0 && devices.length === 0) {
    throw new RangeError(
      "Cannot give this machine a share without a GPU or an rpc-server of its own",
    );
  }
  const row = remote.flatMap(({ rpcPort, share, deviceBytes = [] }) =>
    divide(share, deviceBytes.length === 0 ? [1] : deviceBytes)
      .map((part) => ({ port: rpcPort ?? 0, share: part }))
  );
  const parts = [
    ...row.map(({ port, share }, index) => ({ name: nameOf(index, port), share })),
    ...local.flatMap(({ share, deviceBytes = [] }) => {
      const bytes = devices.map(({ freeBytes }, index) => deviceBytes[index] ?? freeBytes);
      const shares = divide(share, bytes);
      return devices.map(({ name }, index) => ({ name, share: shares[index] ?? 0 }));
    }),
  ];
  // A device without a share would still be given buffers for computing.
  return parts.filter(({ share }) => share > 0);
}

type RpcName = (index: number, port: number) => string;

/** llama.cpp counts the devices of all its rpc-servers as one row. */
function rowName(index: number): string {
  return `RPC${index}`;
}

/** Until RPC 3.0.0 each had one device, which bore its address. */
function addressName(_index: number, port: number): string {
  return `RPC[${LOOPBACK}:${port}]`;
}

function deviceNames(
  split: readonly SplitMember[],
  { devices, rpcProtocol = "" }: Pick<Engine, "devices"> & Partial<Pick<Engine, "rpcProtocol">>,
): string {
  const nameOf = parseInt(rpcProtocol) < 3 ? addressName : rowName;
  return deviceList(split.length === 0 ? devices : partsOf(split, devices, nameOf));
}

function deviceList(devices: readonly { readonly name: string }[]): string {
  return devices.length === 0 ? "none" : devices.map(({ name }) => name).join(",");
}

/** Divides a share in proportion to weights. */
function divide(share: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) =>
    Number((share * (total === 0 ? 1 / weights.length : weight / total)).toFixed(6))
  );
}
