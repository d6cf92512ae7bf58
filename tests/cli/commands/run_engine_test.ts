import assert from "node:assert/strict";
import { engineJson, engineText } from "../../../src/cli/commands/run_engine.ts";
import type { Engine } from "../../../src/engine/mod.ts";

const engine: Engine = {
  llamaServer: "/llama/llama-server",
  rpcServer: "/llama/rpc-server",
  build: "11669",
  rpcProtocol: "8.0.0",
  devices: [],
  llamaServerFlags: new Set(["--port"]),
  rpcServerFlags: new Set(),
};
const gpu = { name: "CUDA0", description: "RTX", totalBytes: 24e9, freeBytes: 20e9 };

Deno.test("engineText() shows what computes where there is no GPU", () => {
  assert.equal(
    engineText(engine, 8e9),
    `llama-server  /llama/llama-server
rpc-server    /llama/rpc-server
build         11669
RPC protocol  8.0.0
device        CPU: 8.0 GB, of which a mesh may use 6.0 GB
`,
  );
});

Deno.test("engineText() shows every GPU with its memory", () => {
  const text = engineText({ ...engine, devices: [gpu] }, 8e9);
  assert.ok(text.endsWith("device        CUDA0: 24.0 GB, of which a mesh may use 20.0 GB\n"), text);
});

Deno.test("engineJson() has the fields that others rely on, and no more", () => {
  assert.deepEqual(JSON.parse(engineJson({ ...engine, devices: [gpu] }, 8e9)), {
    llamaServer: "/llama/llama-server",
    rpcServer: "/llama/rpc-server",
    build: "11669",
    rpcProtocol: "8.0.0",
    devices: [{ name: "CUDA0", totalBytes: 24e9, offeredBytes: 20e9, usedBytes: 0 }],
  });
  const { devices } = JSON.parse(engineJson(engine, 8e9));
  assert.deepEqual(devices, [{
    name: "CPU",
    totalBytes: 8e9,
    offeredBytes: 6e9,
    usedBytes: 0,
  }]);
});
