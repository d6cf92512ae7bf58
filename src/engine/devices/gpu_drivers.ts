/** NVIDIA's and AMD's; every Mac that llama.cpp is built for has Metal. */
const GPU_FILES = { "/dev/nvidiactl": "NVIDIA", "/dev/kfd": "AMD" } as const;

/** Drivers of GPUs on this machine, by their device files, whether llama.cpp uses them or not. */
export async function gpuDrivers(): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(GPU_FILES).map(([path, name]) => Deno.stat(path).then(() => [name], () => [])),
  );
  return found.flat();
}
