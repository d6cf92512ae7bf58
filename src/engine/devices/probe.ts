import { reasonOf } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { dirname } from "node:path";
import { checkLoopback } from "../../base/loopback.ts";
import { isNoExec } from "../../base/no_exec.ts";
import { Tail } from "../output/child_output.ts";
import { FIRST_RUN_TIMEOUT_MS, LOOPBACK, PROBE_OUTPUT_BYTES } from "../base/defaults.ts";
import { EngineBrokenError, lastWords } from "../base/errors.ts";
import { freePort } from "../process/free_port.ts";
import { spawnGuarded } from "../process/guard.ts";
import { acceptsConnections, waitUntil } from "../health/health.ts";
import { type ListedDevice, parseUma, withKind } from "./device_kind.ts";
import { driverKey } from "./driver_key.ts";
import { probeKey, readProbe, writeProbe } from "./probe_cache.ts";
import { parseBuild, parseDevices, parseFlags } from "./probe_output.ts";
import { askRpcProtocol } from "./rpc_hello.ts";
import { ask, type AskOptions } from "../base/ask.ts";
import type { Binaries, EngineDevice, ProbedEngine } from "../base/types.ts";

export interface ProbeOptions {
  /** File that keeps what was found out; `null` asks the binaries anew. */
  readonly cachePath: string | null;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
}

/**
 * Asks the binaries for their versions and devices. A file's answer stays the same until the file changes, so it is
 * kept; the memory of GPUs does not, so machines that have some list them each time.
 * @throws {EngineBrokenError}
 */
export async function probeEngine(
  binaries: Binaries,
  options: ProbeOptions,
): Promise<ProbedEngine> {
  const { cachePath, logger, signal, now = Date.now } = options;
  const key = `${await probeKey(binaries)}\n${await driverKey()}`;
  const known = cachePath === null ? undefined : await readProbe(cachePath, key, now());
  if (known?.devices.length === 0) return known;
  if (known !== undefined) {
    const listed = await listDevices(binaries.llamaServer, { signal });
    const devices = listed.flatMap((device) => asKnown(device, known.devices));
    if (devices.length === listed.length) return { ...known, devices };
  }
  const engine = await askBinaries(binaries, signal);
  logger.debug("llama.cpp build {build} at {llamaServer} speaks RPC {rpcProtocol}", {
    build: engine.build,
    llamaServer: engine.llamaServer,
    rpcProtocol: engine.rpcProtocol,
  });
  if (cachePath !== null) {
    await writeProbe(cachePath, key, engine, now()).catch((error) =>
      logger.warn("Could not store the facts about llama.cpp: {reason}", {
        reason: reasonOf(error),
      })
    );
  }
  return engine;
}

/** The kind of a device does not change; one that came since has to be asked about. */
function asKnown(device: ListedDevice, known: readonly EngineDevice[]): EngineDevice[] {
  return known.filter(({ name, description }) =>
    name === device.name && description === device.description
  ).map(({ kind }) => ({ ...device, kind }));
}

async function askBinaries(binaries: Binaries, signal?: AbortSignal): Promise<ProbedEngine> {
  const { llamaServer, rpcServer } = binaries;
  // Without loopback the rpc-server would not answer, and would be taken for broken in the end.
  await checkLoopback();
  const failed = new AbortController();
  const limit = signal === undefined ? failed.signal : AbortSignal.any([failed.signal, signal]);
  // Nothing is known of them, so this may be their first run on this machine.
  const limits = { signal: limit, timeoutMs: FIRST_RUN_TIMEOUT_MS };
  const questions = [
    askBuild(llamaServer, limits),
    answer(llamaServer, "--help", limits),
    listDevices(llamaServer, limits),
    answer(rpcServer, "--help", limits),
    startRpcServer(rpcServer, limit),
  ] as const;
  const [build, llamaServerHelp, listed, rpcServerHelp, { rpcProtocol, uma }] = await Promise
    .all(questions).catch(async (error) => {
      // Nothing goes on behind a failure.
      failed.abort(error);
      await Promise.allSettled(questions);
      throw error;
    });
  return {
    ...binaries,
    build,
    rpcProtocol,
    devices: listed.map((device) => withKind(device, uma)),
    llamaServerFlags: parseFlags(llamaServerHelp),
    rpcServerFlags: parseFlags(rpcServerHelp),
  };
}

/** The build number of a llama-server. @throws {EngineBrokenError} */
export async function askBuild(llamaServer: string, limits: AskOptions): Promise<string> {
  const version = await answer(llamaServer, "--version", limits);
  const build = parseBuild(version);
  if (build !== undefined) return build;
  throw new EngineBrokenError(llamaServer, `its version names no build${lastWords(version)}`);
}

/** The devices besides the CPU on which a llama-server can compute. @throws {EngineBrokenError} */
export async function listDevices(
  llamaServer: string,
  limits: AskOptions,
): Promise<ListedDevice[]> {
  return parseDevices(await answer(llamaServer, "--list-devices", limits));
}

/** The output of a binary for one flag, on either stream: builds differ. */
async function answer(binary: string, flag: string, limits: AskOptions): Promise<string> {
  try {
    const { code, stdout, stderr } = await ask(binary, [flag], limits);
    if (code === 0) return `${stdout}\n${stderr}`;
    throw new EngineBrokenError(binary, `${flag} ended with code ${code}${lastWords(stderr)}`);
  } catch (error) {
    limits.signal?.throwIfAborted();
    if (error instanceof EngineBrokenError) throw error;
    const reason = isNoExec(dirname(binary))
      ? "the system runs nothing from the disk that it lies on, which is mounted noexec"
      : `${flag} failed (${reasonOf(error)})`;
    throw new EngineBrokenError(binary, reason, { cause: error });
  }
}

interface RpcServerFacts {
  readonly rpcProtocol: string;
  /** Of Vulkan's and ROCm's devices: whether they use main memory. A llama-server that only lists them does not say. */
  readonly uma: ReadonlyMap<string, boolean>;
}

/** Starts the rpc-server for as long as one question takes. */
async function startRpcServer(rpcServer: string, signal?: AbortSignal): Promise<RpcServerFacts> {
  let rpcProtocol: string | undefined;
  const port = freePort();
  const stderr = new Tail(PROBE_OUTPUT_BYTES);
  const child = spawnGuarded({
    command: rpcServer,
    args: ["-H", LOOPBACK, "-p", String(port)],
    onOutput: (from, bytes) => {
      if (from === "stderr") stderr.add(bytes);
    },
  });
  const ended = new AbortController();
  const exit = child.exitCode.then(() => ended.abort());
  const limits = [ended.signal, AbortSignal.timeout(FIRST_RUN_TIMEOUT_MS)];
  const limit = AbortSignal.any(signal === undefined ? limits : [...limits, signal]);
  try {
    await waitUntil(() => acceptsConnections(port), limit);
    rpcProtocol = await askRpcProtocol(port, limit);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EngineBrokenError) throw error;
    const reason = `it did not start as an RPC server${lastWords(stderr.text)}`;
    throw new EngineBrokenError(rpcServer, reason, { cause: error });
  } finally {
    child.kill();
    await exit;
  }
  if (rpcProtocol === undefined) {
    const reason = "it does not answer the first question of llama.cpp's RPC";
    throw new EngineBrokenError(rpcServer, reason);
  }
  // Whatever it wrote is read only once it has ended: an answer may come before it.
  return { rpcProtocol, uma: parseUma(stderr.text) };
}
