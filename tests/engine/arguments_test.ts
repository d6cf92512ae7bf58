import assert from "node:assert/strict";
import { llamaServerArguments, rpcServerArguments } from "../../src/engine/arguments.ts";
import { parseFlags } from "../../src/engine/probe_output.ts";
import type { EngineDevice, LlamaServerSpec, SplitMember } from "../../src/engine/types.ts";
import { EARLY_2026_HELP, LATE_2026_HELP, RPC_SERVER_HELP } from "./help_texts.ts";

const late = { llamaServerFlags: parseFlags(LATE_2026_HELP), devices: [] };
const early = { llamaServerFlags: parseFlags(EARLY_2026_HELP), devices: [] };
const port = 4321;

const solo: LlamaServerSpec = {
  kind: "llama-server",
  modelPath: "/models/guide.gguf",
  modelName: "guide",
  contextLength: null,
  split: [],
};

const ALWAYS = [
  "--model",
  "/models/guide.gguf",
  "--alias",
  "guide",
  "--host",
  "127.0.0.1",
  "--port",
  "4321",
];

function gpu(name: string, freeBytes: number): EngineDevice {
  return { name, description: name, totalBytes: freeBytes, freeBytes };
}

function split(...members: SplitMember[]): LlamaServerSpec {
  return { ...solo, split: members };
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at === -1 ? undefined : args[at + 1];
}

Deno.test("llama-server of late 2026 serves alone on a CPU", () => {
  assert.deepEqual(llamaServerArguments(solo, late, { port }), [
    ...ALWAYS,
    "--metrics",
    "--offline",
    "--no-ui",
  ]);
});

Deno.test("llama-server of early 2026 gets only flags that it knows", () => {
  assert.deepEqual(llamaServerArguments(solo, early, { port }), [
    ...ALWAYS,
    "--metrics",
    "--no-webui",
  ]);
});

Deno.test("llama-server gets the context length that was asked for", () => {
  const args = llamaServerArguments({ ...solo, contextLength: 4096 }, late, { port });
  assert.equal(valueOf(args, "--ctx-size"), "4096");
});

Deno.test("llama-server takes every layer to the GPU where there is one", () => {
  const args = llamaServerArguments(solo, { ...late, devices: [gpu("CUDA0", 1)] }, { port });
  assert.equal(valueOf(args, "--n-gpu-layers"), "999");
  assert.equal(valueOf(args, "--tensor-split"), undefined);
});

for (
  const { name, members, devices, rpc, shares } of [
    {
      name: "a host without a GPU and two workers",
      members: [
        { rpcPort: 1001, share: 0.5 },
        { rpcPort: 1002, share: 0.3 },
        { rpcPort: 1003, share: 0.2 },
      ],
      devices: [],
      rpc: "127.0.0.1:1001,127.0.0.1:1002,127.0.0.1:1003",
      shares: "0.5,0.3,0.2",
    },
    {
      name: "a host with a GPU, whose share comes after the workers'",
      members: [
        { rpcPort: null, share: 0.5 },
        { rpcPort: 1002, share: 0.3 },
        { rpcPort: 1003, share: 0.2 },
      ],
      devices: [gpu("CUDA0", 8)],
      rpc: "127.0.0.1:1002,127.0.0.1:1003",
      shares: "0.3,0.2,0.5",
    },
    {
      name: "a host with two GPUs of different size",
      members: [{ rpcPort: null, share: 0.8 }, { rpcPort: 1002, share: 0.2 }],
      devices: [gpu("CUDA0", 24), gpu("CUDA1", 8)],
      rpc: "127.0.0.1:1002",
      shares: "0.2,0.6,0.2",
    },
    {
      name: "a worker with two GPUs behind one port",
      members: [
        { rpcPort: 1001, share: 0.4 },
        { rpcPort: 1002, share: 0.6, deviceBytes: [10, 20] },
      ],
      devices: [],
      rpc: "127.0.0.1:1001,127.0.0.1:1002",
      shares: "0.4,0.2,0.4",
    },
    {
      name: "a host that lends nothing",
      members: [{ rpcPort: null, share: 0 }, { rpcPort: 1002, share: 1 }],
      devices: [],
      rpc: "127.0.0.1:1002",
      shares: "1",
    },
  ]
) {
  Deno.test(`llama-server splits over ${name}`, () => {
    const args = llamaServerArguments(split(...members), { ...late, devices }, { port });
    assert.equal(valueOf(args, "--rpc"), rpc);
    assert.equal(valueOf(args, "--tensor-split"), shares);
    assert.equal(valueOf(args, "--n-gpu-layers"), "999");
  });
}

Deno.test("a split turns off what is broken with RPC, where the binary has it", () => {
  const spec = split({ rpcPort: 1001, share: 1 });
  const args = llamaServerArguments(spec, late, { port });
  assert.equal(valueOf(args, "--fit"), "off");
  assert.equal(valueOf(args, "--cache-ram"), "0");
  const older = llamaServerArguments(spec, early, { port });
  assert.equal(valueOf(older, "--fit"), undefined);
  assert.equal(valueOf(older, "--cache-ram"), "0");
});

Deno.test("a share for a host with neither GPU nor rpc-server is refused", () => {
  const spec = split({ rpcPort: null, share: 0.5 }, { rpcPort: 1002, share: 0.5 });
  assert.throws(() => llamaServerArguments(spec, late, { port }), RangeError);
});

const rpcFlags = parseFlags(RPC_SERVER_HELP);
const rpcSpec = { kind: "rpc-server", modelPath: "/models/guide.gguf" } as const;

Deno.test("rpc-server on a CPU gets all threads, the CPU by name, and no cache", () => {
  const engine = { rpcServerFlags: rpcFlags, devices: [] };
  assert.deepEqual(rpcServerArguments(rpcSpec, engine, { port, threads: 8 }), [
    ...["-H", "127.0.0.1", "-p", "4321"],
    ...["--threads", "8", "--device", "CPU"],
  ]);
});

Deno.test("rpc-server offers all GPUs in the engine's order", () => {
  const engine = { rpcServerFlags: rpcFlags, devices: [gpu("CUDA1", 1), gpu("CUDA0", 1)] };
  const args = rpcServerArguments(rpcSpec, engine, { port, threads: 8 });
  assert.equal(valueOf(args, "--device"), "CUDA1,CUDA0");
});

Deno.test("rpc-server of the fork gets the model's file, where there is one", () => {
  const engine = { rpcServerFlags: new Set([...rpcFlags, "--gguf"]), devices: [] };
  const args = rpcServerArguments(rpcSpec, engine, { port, threads: 8 });
  assert.equal(valueOf(args, "--gguf"), "/models/guide.gguf");
  const none = rpcServerArguments({ ...rpcSpec, modelPath: null }, engine, { port, threads: 8 });
  assert.equal(valueOf(none, "--gguf"), undefined);
});

Deno.test("rpc-server that offers nothing else gets its address only", () => {
  const engine = { rpcServerFlags: new Set<string>(), devices: [] };
  assert.deepEqual(
    rpcServerArguments(rpcSpec, engine, { port, threads: 8 }),
    ["-H", "127.0.0.1", "-p", "4321"],
  );
});
