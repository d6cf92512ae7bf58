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
const gpu = {
  name: "CUDA0",
  description: "RTX",
  kind: "discrete",
  totalBytes: 24e9,
  freeBytes: 20e9,
} as const;

Deno.test("engineText() shows what computes where there is no GPU", () => {
  assert.equal(
    engineText(engine, 8e9, plain),
    `llama-server  /llama/llama-server
rpc-server    /llama/rpc-server
build         11669
RPC protocol  8.0.0
device        CPU: 8.0 GB, of which a mesh may use 6.0 GB
backend       the CPU only
`,
  );
});

Deno.test("engineText() shows every GPU with its memory", () => {
  const text = engineText({ ...engine, devices: [gpu] }, 8e9, { ...plain, backend: "cuda" });
  const end = "device        CUDA0: 24.0 GB, of which a mesh may use 20.0 GB\nbackend       CUDA\n";
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
    engineText(engine, 8e9, improvable).endsWith(
      `backend       Vulkan
installed     from llama.cpp's release b11541
not better    RTX 3060, driver 535: CUDA 12.8 needs 550; using Vulkan
what helps    Install NVIDIA's driver 550 or newer, then run mesh-llm engine install
`,
    ),
  );
});

Deno.test("engineJson() has the fields that others rely on, and no more", () => {
  assert.deepEqual(JSON.parse(engineJson({ ...engine, devices: [gpu] }, 8e9, improvable)), {
    llamaServer: "/llama/llama-server",
    rpcServer: "/llama/rpc-server",
    build: "11669",
    rpcProtocol: "8.0.0",
    devices: [{ name: "CUDA0", totalBytes: 24e9, offeredBytes: 20e9, usedBytes: 0 }],
    backend: "vulkan",
    installed: { source: "release", tag: "b11541" },
    notBetter: improvable.found,
    remedy: improvable.remedy,
  });
  const { devices } = JSON.parse(engineJson(engine, 8e9, plain));
  assert.deepEqual(devices, [{
    name: "CPU",
    totalBytes: 8e9,
    offeredBytes: 6e9,
    usedBytes: 0,
  }]);
});
