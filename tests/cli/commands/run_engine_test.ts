import assert from "node:assert/strict";
import { engineJson, engineText } from "../../../src/cli/commands/run_engine.ts";
import type { Engine, EngineRecord } from "../../../src/engine/mod.ts";

const engine: Engine = {
  llamaServer: "/llama/llama-server",
  rpcServer: "/llama/rpc-server",
  build: "11669",
  rpcProtocol: "8.0.0",
  devices: [],
  leftOut: [],
  llamaServerFlags: new Set(["--port"]),
  rpcServerFlags: new Set(),
};
const plain = { backend: "cpu", found: null, remedy: null, record: null } as const;
const cpu = {
  name: "CPU",
  kind: "cpu",
  totalBytes: 8e9,
  offeredBytes: 6e9,
  usedBytes: 1e9,
} as const;
const gpu = {
  name: "CUDA0",
  kind: "discrete",
  totalBytes: 24e9,
  offeredBytes: 20e9,
  usedBytes: 5e9,
} as const;
const leftOut = [
  {
    name: "Vulkan0",
    description: "RTX (NVIDIA)",
    reason: "it is the same card as CUDA0",
    isFull: false,
  },
  {
    name: "CUDA0",
    description: "RTX",
    reason: "only 9 MiB of it are free, too little to help",
    isFull: true,
  },
];

Deno.test("engineText() shows what computes where there is no GPU", () => {
  assert.equal(
    engineText(engine, [cpu], plain),
    `llama-server  /llama/llama-server
rpc-server    /llama/rpc-server
build         11669
RPC protocol  8.0.0
device        CPU (main memory): 8.0 GB, 6.0 GB offered, 1.0 GB used
backend       the CPU only
`,
  );
});

Deno.test("engineText() shows every device with its memory, and why others are not used", () => {
  const text = engineText({ ...engine, leftOut }, [gpu, cpu], { ...plain, backend: "cuda" });
  const end = `device        CUDA0 (GPU): 24.0 GB, 20.0 GB offered, 5.0 GB used
device        CPU (main memory): 8.0 GB, 6.0 GB offered, 1.0 GB used
not used      Vulkan0 (RTX (NVIDIA)): it is the same card as CUDA0
backend       CUDA
`;
  assert.ok(text.endsWith(end), text);
});

const record: EngineRecord = {
  source: "release",
  tag: "b11541",
  build: "vulkan",
  device: "Vulkan0",
  why: "RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan",
};
const improvable = {
  backend: "vulkan",
  found: record.why,
  remedy: "Install NVIDIA's driver 550 or newer, then run mesh-llm engine install",
  record,
} as const;

Deno.test("engineText() shows where the engine is from, why it is no better one, and what to do", () => {
  assert.ok(
    engineText(engine, [cpu], improvable).endsWith(
      `backend       Vulkan
installed     from llama.cpp's release b11541
not better    RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan
what helps    Install NVIDIA's driver 550 or newer, then run mesh-llm engine install
`,
    ),
  );
});

Deno.test("engineJson() has the fields that others rely on, and no more", () => {
  assert.deepEqual(JSON.parse(engineJson({ ...engine, leftOut }, [gpu, cpu], improvable)), {
    llamaServer: "/llama/llama-server",
    rpcServer: "/llama/rpc-server",
    build: "11669",
    rpcProtocol: "8.0.0",
    devices: [gpu, cpu],
    leftOut: [leftOut[0]],
    backend: "vulkan",
    installed: { source: "release", tag: "b11541" },
    notBetter: improvable.found,
    remedy: improvable.remedy,
  });
});
