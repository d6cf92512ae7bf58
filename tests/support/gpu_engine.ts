/**
 * llama.cpp with its Vulkan backend, a software renderer and a layer that fakes GPUs over it, unpacked from Debian's packages
 * without root and changing nothing else. Fetched once for all test files.
 */

import { join } from "node:path";
import {
  binaryPaths,
  type DebianTarget,
  debianTarget,
} from "../../src/engine/install/debian_layout.ts";
import {
  DEBIAN_MIRROR,
  fetchPackages,
  findKeyring,
  unpackPackages,
} from "../../src/engine/install/debian_packages.ts";
import { aptInstall, succeeds } from "./debian.ts";

export interface GpuEngine {
  /** Holds both binaries, for `--bin-dir`. */
  readonly binDir: string;
  /** Manifests of the software renderer; each one named is a device more. */
  readonly drivers: readonly string[];
  readonly layerDir: string;
  /** Kernels that were compiled once: 13 s of work for the guide, 0.1 s from here. */
  readonly shaderCache: string;
}

/** On CI there is no excuse: it throws there instead. */
export type FoundGpuEngine = GpuEngine | { readonly reason: string };

const PACKAGES = [
  ...["llama.cpp-tools", "llama.cpp-tools-extra", "libggml0-backend-rpc", "libc6"],
  ...["libggml0-backend-vulkan", "libvulkan1", "mesa-vulkan-drivers", "libvulkan-dev"],
];

const HOME = new URL("../../.cache/test-gpus", import.meta.url).pathname;
const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url).pathname;
const LAYER = new URL("fake_gpus", import.meta.url).pathname;

/** As many GPUs as a machine of a test can have. */
const MOST_GPUS = 4;

let prepared: Promise<FoundGpuEngine> | undefined;

export function gpuEngineOrReason(): Promise<FoundGpuEngine> {
  return prepared ??= prepare();
}

async function prepare(): Promise<FoundGpuEngine> {
  await Deno.mkdir(HOME, { recursive: true });
  // Test files run at the same time: the first fetches, the others wait for it.
  using lock = await Deno.open(join(HOME, "lock"), { write: true, create: true });
  await lock.lock(true);
  try {
    const { os, arch } = Deno.build;
    const target = os === "linux" ? debianTarget(arch) : undefined;
    if (target === undefined) throw new Error(`Debian has no packages for ${os} on ${arch}`);
    const engine = join(HOME, "engine");
    if (!await exists(engine)) await install(engine, target);
    await buildLayer(join(engine, "root/usr/include"));
    const found = {
      binDir: engine,
      drivers: await writeDrivers(join(engine, "root/usr/lib", target.triplet)),
      layerDir: HOME,
      shaderCache: join(HOME, "shaders"),
    };
    if (!await exists(found.shaderCache)) await compileKernels(found);
    return found;
  } catch (error) {
    if (Deno.env.get("CI") === "true" || !(error instanceof Error)) throw error;
    return { reason: error.message };
  }
}

/** It has its name once it is whole. */
async function install(engine: string, target: DebianTarget): Promise<void> {
  const work = await Deno.makeTempDir({ dir: HOME });
  try {
    const keyring = await findKeyring();
    await fetchPackages(work, { target, keyring, mirror: DEBIAN_MIRROR, packages: PACKAGES });
    const staged = join(work, "engine");
    const binaries = { ...binaryPaths(target), "llama-completion": "usr/bin/llama-completion" };
    await unpackPackages(work, staged, { target, binaries });
    await Deno.rename(staged, engine);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Compiled anew where its source is younger. */
async function buildLayer(include: string): Promise<void> {
  const [source, built] = [join(LAYER, "layer.c"), join(HOME, "layer.so")];
  await Deno.copyFile(join(LAYER, "layer.json"), join(HOME, "layer.json"));
  if (await changedAt(built) > await changedAt(source)) return;
  const compiler = await findCompiler();
  const flags = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O1", "-pthread"];
  await must(compiler, [...flags, `-I${include}`, "-o", built, source]);
}

async function findCompiler(): Promise<string> {
  for (const name of ["cc", "gcc", "clang"]) {
    if (await succeeds(name, "--version")) return name;
  }
  const problem = await aptInstall("gcc") ?? await aptInstall("libc6-dev");
  if (problem !== null) throw new Error(`There is no C compiler: ${problem}`);
  return "gcc";
}

/** The loader takes each manifest for a driver with devices of its own. */
async function writeDrivers(lib: string): Promise<string[]> {
  const manifest = {
    file_format_version: "1.0.1",
    ICD: { library_path: join(lib, "libvulkan_lvp.so"), api_version: "1.4.300" },
  };
  const paths = Array.from({ length: MOST_GPUS }, (_, index) => join(HOME, `driver${index}.json`));
  for (const path of paths) await Deno.writeTextFile(path, JSON.stringify(manifest));
  return paths;
}

/** The software renderer as it is, which llama.cpp uses only where it is named. */
export function softwareRenderer(engine: GpuEngine): Record<string, string> {
  return {
    ...kernelSettings(engine),
    VK_DRIVER_FILES: engine.drivers.slice(0, 1).join(":"),
    GGML_VK_VISIBLE_DEVICES: "0",
  };
}

/** Its matrix instructions are emulated, and take long to compile. */
export function kernelSettings({ shaderCache }: GpuEngine): Record<string, string> {
  return {
    MESA_SHADER_CACHE_DIR: shaderCache,
    GGML_VK_DISABLE_COOPMAT: "1",
    LP_NUM_THREADS: "1",
  };
}

/** So that no test is charged with them, which waits for a server to be ready. */
async function compileKernels(engine: GpuEngine): Promise<void> {
  const args = ["--model", GUIDE, "--prompt", "hello", "--predict", "8", "-no-cnv", "--no-warmup"];
  const env = softwareRenderer(engine);
  await must(join(engine.binDir, "llama-completion"), [...args, "--device", "Vulkan0"], env);
}

async function must(
  command: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<void> {
  const env = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive", ...more };
  const child = new Deno.Command(command, { args: [...args], env, stdin: "null" });
  const { success, stderr } = await child.output();
  if (success) return;
  const words = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new Error(`${command} failed: ${words}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function changedAt(path: string): Promise<number> {
  return await Deno.stat(path).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0);
}
