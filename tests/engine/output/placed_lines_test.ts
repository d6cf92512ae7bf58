import assert from "node:assert/strict";
import { PlacedLines } from "../../../src/engine/output/placed_lines.ts";

/** Of build 11669 with Vulkan, shortened. */
const FITTED = `
0.00.303.082 I common_params_fit_impl: getting device memory data for initial parameters:
0.00.482.063 I llama_kv_cache:    Vulkan0 KV buffer size =     0.00 MiB
0.00.482.064 I sched_reserve:    Vulkan0 compute buffer size =   131.14 MiB
0.00.610.597 I common_params_fit_impl:   - Vulkan0 (GPU 0):  9 layers,    244 MiB used,      5 MiB free
0.00.469.348 I load_tensors: offloading output layer to GPU
0.00.469.366 I load_tensors: offloading 8 repeating layers to GPU
0.00.469.367 I load_tensors: offloaded 9/17 layers to GPU
0.00.469.372 I load_tensors:   CPU_Mapped model buffer size =    71.58 MiB
0.00.469.373 I load_tensors:   CPU_Mapped model buffer size =    23.84 MiB
0.00.469.374 I load_tensors:      Vulkan0 model buffer size =    95.41 MiB
0.00.779.673 I llama_context: Vulkan_Host  output buffer size =     0.01 MiB
0.00.779.731 I llama_kv_cache:        CPU KV buffer size =    12.00 MiB
0.00.788.082 I llama_kv_cache:    Vulkan0 KV buffer size =    12.00 MiB
0.00.805.230 I sched_reserve:    Vulkan0 compute buffer size =   136.95 MiB
0.00.805.284 I sched_reserve: Vulkan_Host compute buffer size =     4.77 MiB`;

/** Of an older build with CUDA: names of other backends, and no time stamps. */
const CUDA = `
load_tensors: offloaded 20/33 layers to GPU
load_tensors:        CUDA0 model buffer size =  2048.00 MiB
load_tensors:        CUDA1 model buffer size =  1024.00 MiB
load_tensors:          CPU model buffer size =  1000.50 MiB
llama_kv_cache_unified:      CUDA0 KV buffer size =   160.00 MiB
llama_context:      CUDA0 compute buffer size =   300.00 MiB
llama_context:  CUDA_Host compute buffer size =    12.00 MiB`;

/** Of build 11669: a split with its host's GPU, its host's main memory at port 19801, and a worker of two devices. */
const SPLIT = `
0.00.137.242 I load_tensors: offloaded 7/7 layers to GPU
0.00.137.246 I load_tensors:   CPU_Mapped model buffer size =     0.06 MiB
0.00.137.247 I load_tensors: RPC0[127.0.0.1:19801] model buffer size =     0.42 MiB
0.00.137.247 I load_tensors: RPC0[127.0.0.1:19802] model buffer size =     0.21 MiB
0.00.137.248 I load_tensors: RPC1[127.0.0.1:19802] model buffer size =     0.42 MiB
0.00.137.249 I load_tensors:      Vulkan0 model buffer size =     0.21 MiB
0.00.140.061 I llama_context: Vulkan_Host  output buffer size =     0.00 MiB
0.00.140.421 I llama_kv_cache: RPC0[127.0.0.1:19801] KV buffer size =     1.50 MiB
0.00.140.587 I llama_kv_cache: RPC0[127.0.0.1:19802] KV buffer size =     0.75 MiB
0.00.141.573 I llama_kv_cache: RPC1[127.0.0.1:19802] KV buffer size =     1.50 MiB
0.00.142.019 I llama_kv_cache:    Vulkan0 KV buffer size =     0.75 MiB
0.00.147.732 I sched_reserve: RPC0[127.0.0.1:19801] compute buffer size =    12.55 MiB
0.00.147.736 I sched_reserve: RPC0[127.0.0.1:19802] compute buffer size =    10.66 MiB
0.00.147.737 I sched_reserve: RPC1[127.0.0.1:19802] compute buffer size =    10.85 MiB
0.00.147.737 I sched_reserve:    Vulkan0 compute buffer size =     9.54 MiB
0.00.147.738 I sched_reserve:        CPU compute buffer size =     9.95 MiB`;

/** Before version 3 of the protocol an rpc-server had one device. */
const OLD_SPLIT = `
load_tensors: offloaded 7/7 layers to GPU
load_tensors: RPC[127.0.0.1:19801] model buffer size =     0.42 MiB
llama_kv_cache: RPC[127.0.0.1:19801] KV buffer size =     1.50 MiB
llama_context: RPC[127.0.0.1:19801] compute buffer size =    12.55 MiB`;

function read(text: string) {
  const lines = new PlacedLines();
  for (const line of text.split("\n")) lines.add(line);
  return lines.placed;
}

function mebibytes(count: number): number {
  return Math.round(count * 2 ** 20);
}

Deno.test("PlacedLines reads what lies where, and not what was only tried out", () => {
  assert.deepEqual(read(FITTED), {
    layers: 17,
    layersOnDevices: 9,
    bytes: {
      CPU: mebibytes(71.58 + 23.84 + 0.01 + 12 + 4.77),
      Vulkan0: mebibytes(95.41 + 12 + 136.95),
    },
    bytesAtPorts: {},
  });
  assert.deepEqual(read(CUDA), {
    layers: 33,
    layersOnDevices: 20,
    bytes: { CUDA0: mebibytes(2508), CUDA1: mebibytes(1024), CPU: mebibytes(1012.5) },
    bytesAtPorts: {},
  });
});

Deno.test("PlacedLines tells what lies behind each rpc-server of a split from what is this machine's", () => {
  assert.deepEqual(read(SPLIT), {
    layers: 7,
    layersOnDevices: 7,
    bytes: { CPU: mebibytes(0.06 + 9.95), Vulkan0: mebibytes(0.21 + 0.75 + 9.54) },
    bytesAtPorts: {
      19801: mebibytes(0.42 + 1.5 + 12.55),
      19802: mebibytes(0.21 + 0.42 + 0.75 + 1.5 + 10.66 + 10.85),
    },
  });
  assert.deepEqual(read(OLD_SPLIT)?.bytesAtPorts, { 19801: mebibytes(0.42 + 1.5 + 12.55) });
});

Deno.test("PlacedLines says of each line whether it tells something else now", () => {
  const lines = new PlacedLines();
  const told = (text: string) => text.trim().split("\n").map((line) => lines.add(line));
  assert.deepEqual(told(CUDA), [false, false, false, false, false, true, true]);
  assert.deepEqual(told("srv  llama_server: model loaded\nan answer"), [false, false]);
});

Deno.test("PlacedLines counts nothing once the model is loaded", () => {
  const later = `0.00.393.532 I srv  llama_server: model loaded
llama_context:      CUDA0 compute buffer size =   300.00 MiB`;
  assert.deepEqual(read(`${CUDA}\n${later}`), read(CUDA));
});

Deno.test("PlacedLines counts a draft with its model, whose layers it tells", () => {
  const draft = `load_tensors: offloaded 3/3 layers to GPU
load_tensors:        CUDA0 model buffer size =    10.00 MiB`;
  const { layers, bytes } = read(`${CUDA}\n${draft}`) ?? {};
  assert.equal(layers, 33);
  assert.equal(bytes?.CUDA0, mebibytes(2518));
});

Deno.test("PlacedLines knows nothing of a load that does not tell", () => {
  assert.equal(read("0.00.1 I srv  llama_server: model loaded\n"), null);
});
