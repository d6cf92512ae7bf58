import assert from "node:assert/strict";
import { llamaServerArguments, rpcServerArguments } from "../../../src/engine/process/arguments.ts";
import { parseFlags } from "../../../src/engine/devices/probe_output.ts";
import type {
  EngineDevice,
  LlamaServerSpec,
  ModelPlace,
  SplitMember,
} from "../../../src/engine/base/types.ts";
import { EARLY_2026_HELP, LATE_2026_HELP, RPC_SERVER_HELP } from "../help_texts.ts";

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
  return { name, description: name, kind: "discrete", totalBytes: freeBytes, freeBytes };
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
    "--device",
    "none",
    "--metrics",
    "--offline",
    "--no-ui",
  ]);
});

Deno.test("llama-server of early 2026 gets only flags that it knows", () => {
  assert.deepEqual(llamaServerArguments(solo, early, { port }), [
    ...ALWAYS,
    "--device",
    "none",
    "--metrics",
    "--no-webui",
  ]);
});

Deno.test("llama-server gets the context length that was asked for", () => {
  const args = llamaServerArguments({ ...solo, contextLength: 4096 }, late, { port });
  assert.equal(valueOf(args, "--ctx-size"), "4096");
});

Deno.test("llama-server is told what a model is for, by the name of the flag that it knows", () => {
  const table = [
    ["embeddings", ["--embeddings"], ["--embedding", "--embeddings"]],
    ["embeddings", ["--embedding"], ["--embedding"]],
    ["reranking", ["--reranking"], ["--rerank", "--reranking"]],
    ["text", [], ["--rerank", "--reranking", "--embeddings"]],
  ] as const;
  for (const [purpose, expected, offered] of table) {
    const engine = { llamaServerFlags: new Set<string>(offered), devices: [] };
    const args = llamaServerArguments({ ...solo, purpose }, engine, { port });
    assert.deepEqual(args.slice(ALWAYS.length), expected);
  }
});

Deno.test("llama-server takes every layer to the GPU where there is one", () => {
  const args = llamaServerArguments(solo, { ...late, devices: [gpu("CUDA0", 1)] }, { port });
  assert.equal(valueOf(args, "--n-gpu-layers"), "999");
  assert.equal(valueOf(args, "--device"), "CUDA0");
  assert.equal(valueOf(args, "--tensor-split"), undefined);
});

for (
  const { name, members, devices, rpc, shares, names } of [
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
      names: "RPC0,RPC1,RPC2",
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
      names: "RPC0,RPC1,CUDA0",
    },
    {
      name: "a host with two GPUs of different size",
      members: [{ rpcPort: null, share: 0.8 }, { rpcPort: 1002, share: 0.2 }],
      devices: [gpu("CUDA0", 24), gpu("CUDA1", 8)],
      rpc: "127.0.0.1:1002",
      shares: "0.2,0.6,0.2",
      names: "RPC0,CUDA0,CUDA1",
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
      names: "RPC0,RPC1,RPC2",
    },
    {
      name: "a host that lends nothing",
      members: [{ rpcPort: null, share: 0 }, { rpcPort: 1002, share: 1 }],
      devices: [],
      rpc: "127.0.0.1:1002",
      shares: "1",
      names: "RPC0",
    },
  ]
) {
  Deno.test(`llama-server splits over ${name}`, () => {
    const args = llamaServerArguments(split(...members), { ...late, devices }, { port });
    assert.equal(valueOf(args, "--rpc"), rpc);
    assert.equal(valueOf(args, "--tensor-split"), shares);
    assert.equal(valueOf(args, "--device"), names);
    assert(args.indexOf("--rpc") < args.indexOf("--device"), "it brings the names");
    assert.equal(valueOf(args, "--n-gpu-layers"), "999");
  });
}

Deno.test("llama.cpp before RPC 3.0.0 names a worker's device by its address", () => {
  const spec = split({ rpcPort: null, share: 0.5 }, { rpcPort: 1001, share: 0.5 });
  const devices = [gpu("CUDA0", 8)];
  const args = (rpcProtocol: string) =>
    llamaServerArguments(spec, { ...late, devices, rpcProtocol }, { port });
  assert.equal(valueOf(args("2.1.0"), "--device"), "RPC[127.0.0.1:1001],CUDA0");
  assert.equal(valueOf(args("3.7.0"), "--device"), "RPC0,CUDA0");
});

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

Deno.test("rpc-server offers all GPUs in the engine's order, then main memory", () => {
  const engine = { rpcServerFlags: rpcFlags, devices: [gpu("CUDA1", 1), gpu("CUDA0", 1)] };
  const args = rpcServerArguments(rpcSpec, engine, { port, threads: 8 });
  assert.equal(valueOf(args, "--device"), "CUDA1,CUDA0,CPU");
  const own = rpcServerArguments({ ...rpcSpec, lends: "main" }, engine, {
    port,
    threads: 8,
  });
  assert.equal(valueOf(own, "--device"), "CPU");
  const toEarlier = { ...rpcSpec, lends: "gpus" } as const;
  const gpus = rpcServerArguments(toEarlier, engine, { port, threads: 8 });
  assert.equal(valueOf(gpus, "--device"), "CUDA1,CUDA0");
  const none = rpcServerArguments(toEarlier, { ...engine, devices: [] }, { port, threads: 8 });
  assert.equal(valueOf(none, "--device"), "CPU");
});

Deno.test("a device without a share of a split is not used, and the others keep their names", () => {
  const engine = { ...late, devices: [gpu("CUDA0", 8)] };
  const shares = [
    { rpcPort: null, share: 0.5, deviceBytes: [4] },
    { rpcPort: 1001, share: 0.25, deviceBytes: [2, 0] },
    { rpcPort: 1002, share: 0.25, deviceBytes: [0, 2] },
  ];
  const args = llamaServerArguments(split(...shares), engine, { port });
  assert.equal(valueOf(args, "--device"), "RPC0,RPC3,CUDA0");
  assert.equal(valueOf(args, "--tensor-split"), "0.25,0.25,0.5");
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

const DRAFTS_2025 = parseFlags(`
-md,   --model-draft FNAME              draft model for speculative decoding (default: unused)
-ngld, --gpu-layers-draft, --n-gpu-layers-draft N
                                        number of layers to store in VRAM for the draft model
-mm,   --mmproj FILE                    path to a multimodal projector file
--no-mmproj-offload                     do not offload multimodal projector to GPU
`);

const DRAFTS_2026 = parseFlags(`
--spec-draft-ngl, -ngld, --gpu-layers-draft, --n-gpu-layers-draft N
                                        max. number of draft model layers to store in VRAM
--spec-draft-model, -md, --model-draft FNAME
                                        draft model for speculative decoding (default: unused)
--spec-type none,draft-simple,draft-eagle3
                                        comma-separated list of types of speculative decoding to use
-mm,   --mmproj FILE                    path to a multimodal projector file
--mmproj-offload, --no-mmproj-offload   whether to enable GPU offloading for multimodal projector
`);

Deno.test("llama-server gets a draft by the names of its build, and none where it knows none", () => {
  const draft = (llamaServerFlags: ReadonlySet<string>, devices: EngineDevice[] = []) =>
    llamaServerArguments({ ...solo, draftPath: "/d.gguf" }, { llamaServerFlags, devices }, { port })
      .slice(ALWAYS.length);
  assert.deepEqual(draft(DRAFTS_2025), ["--model-draft", "/d.gguf"]);
  assert.deepEqual(draft(DRAFTS_2026), [
    "--spec-draft-model",
    "/d.gguf",
    "--spec-type",
    "draft-simple",
  ]);
  const gpus = [gpu("CUDA0", 1)];
  assert.equal(valueOf(draft(DRAFTS_2025, gpus), "--gpu-layers-draft"), "999");
  assert.equal(valueOf(draft(DRAFTS_2026, gpus), "--spec-draft-ngl"), "999");
  assert.deepEqual(draft(new Set()), []);
});

Deno.test("a draft stays on the devices of the host", () => {
  const flags = new Set([...DRAFTS_2026, "--spec-draft-device"]);
  const spec = { ...split({ rpcPort: 1001, share: 1 }), draftPath: "/d.gguf" };
  const args = (devices: readonly EngineDevice[]) =>
    llamaServerArguments(spec, { llamaServerFlags: flags, devices }, { port });
  assert.equal(valueOf(args([gpu("CUDA1", 1)]), "--spec-draft-device"), "CUDA1");
  assert.equal(valueOf(args([]), "--spec-draft-device"), "none");
});

Deno.test("llama-server gets the projector, on a device of the host that is used, else on its CPU", () => {
  const args = (spec: LlamaServerSpec, devices: readonly EngineDevice[] = []) =>
    llamaServerArguments({ ...spec, projectorPath: "/p.gguf" }, {
      llamaServerFlags: new Set([...DRAFTS_2026, "--mmproj-device"]),
      devices,
    }, { port });
  assert.equal(valueOf(args(solo), "--mmproj"), "/p.gguf");
  assert.ok(args(solo).includes("--no-mmproj-offload"));
  const placed = args(solo, [gpu("CUDA1", 1), gpu("CUDA0", 1)]);
  assert.equal(valueOf(placed, "--mmproj-device"), "CUDA1");
  assert.ok(!placed.includes("--no-mmproj-offload"));
  const crowded = args({ ...solo, place: { kind: "devices", projector: "main" } }, [
    gpu("CUDA0", 1),
  ]);
  assert.ok(crowded.includes("--no-mmproj-offload"));
  assert.equal(valueOf(crowded, "--mmproj-device"), undefined);
  assert.equal(valueOf(crowded, "--n-gpu-layers"), "999", "all of the model is on the GPU");
  const shared = args(split({ rpcPort: 1001, share: 0.5 }, { rpcPort: 1002, share: 0.5 }));
  assert.equal(valueOf(shared, "--mmproj"), "/p.gguf");
  assert.ok(shared.includes("--no-mmproj-offload"));
});

Deno.test("llama-server is told its threads only where it would take more than are of use", () => {
  const flags = { ...late, llamaServerFlags: new Set([...late.llamaServerFlags, "--poll"]) };
  assert.equal(valueOf(llamaServerArguments(solo, flags, { port }), "--threads"), undefined);
  assert.equal(valueOf(llamaServerArguments(solo, flags, { port, threads: 4 }), "--threads"), "4");
  // Alone it may wait as it likes; in a split another process has its turn meanwhile.
  assert.equal(valueOf(llamaServerArguments(solo, flags, { port }), "--poll"), undefined);
  const shared = split({ rpcPort: 1001, share: 0.5 }, { rpcPort: 1002, share: 0.5 });
  assert.equal(valueOf(llamaServerArguments(shared, flags, { port }), "--poll"), "0");
});

Deno.test("llama-server decides by itself what goes to GPUs where a model lies in both, and keeps free what is not offered", () => {
  const devices = [gpu("CUDA0", 100), gpu("CUDA1", 100)];
  const fitting = {
    ...late,
    devices,
    llamaServerFlags: new Set([
      ...late.llamaServerFlags,
      "--fit",
      "--fit-target",
      "--log-verbosity",
    ]),
  };
  const both: LlamaServerSpec = {
    ...solo,
    place: { kind: "both", spareBytes: [2 ** 20 * 300, 1] },
  };
  const args = llamaServerArguments(both, fitting, { port });
  assert.equal(valueOf(args, "--fit-target"), "300,1");
  assert.equal(valueOf(args, "--fit"), "on");
  assert.equal(valueOf(args, "--log-verbosity"), "4");
  assert.ok(!args.includes("--n-gpu-layers"), "it would switch the fitting off");
  // A build that can't fit keeps all of it in main memory.
  assert.equal(
    valueOf(llamaServerArguments(both, { ...early, devices }, { port }), "--n-gpu-layers"),
    "0",
  );
});

Deno.test("llama-server uses the GPUs that a model is to lie on, with its draft and its projector", () => {
  const some = ["--device", "--spec-draft-model", "--spec-draft-device", "--mmproj-device"];
  const engine = {
    ...late,
    devices: [gpu("CUDA0", 100), gpu("CUDA1", 100), gpu("CUDA2", 100)],
    llamaServerFlags: new Set([...late.llamaServerFlags, ...some, "--mmproj"]),
  };
  const spec = { ...solo, draftPath: "/draft.gguf", projectorPath: "/mmproj.gguf" };
  const devicesOf = (place: ModelPlace) => {
    const args = llamaServerArguments({ ...spec, place }, engine, { port });
    return ["--device", "--spec-draft-device", "--mmproj-device"].map((flag) =>
      valueOf(args, flag)
    );
  };
  assert.deepEqual(devicesOf({ kind: "devices", names: ["CUDA1"] }), ["CUDA1", "CUDA1", "CUDA1"]);
  const two = ["CUDA2", "CUDA0"];
  assert.deepEqual(devicesOf({ kind: "devices", names: two }).slice(0, 1), ["CUDA0,CUDA2"]);
  const both = { kind: "both", names: two, spareBytes: [1, 2] } as const;
  assert.deepEqual(devicesOf(both).slice(0, 1), ["CUDA0,CUDA2"]);
  assert.deepEqual(devicesOf({ kind: "devices" }).slice(0, 1), ["CUDA0,CUDA1,CUDA2"]);
});

Deno.test("llama-server tells what it holds, of a model that it serves alone and of one that is split", () => {
  const engine = {
    ...late,
    llamaServerFlags: new Set([...late.llamaServerFlags, "--log-verbosity"]),
  };
  assert.equal(valueOf(llamaServerArguments(solo, engine, { port }), "--log-verbosity"), "4");
  const shared = split({ rpcPort: 1001, share: 1 });
  assert.equal(valueOf(llamaServerArguments(shared, engine, { port }), "--log-verbosity"), "4");
  const told = llamaServerArguments(solo, engine, { port, isVerbosityTold: true });
  assert.ok(!told.includes("--log-verbosity"), "the user has set it");
});

Deno.test("llama-server uses no GPU for a model that lies in main memory", () => {
  const withDevice = {
    ...late,
    devices: [gpu("CUDA0", 100)],
    llamaServerFlags: new Set([...late.llamaServerFlags, "--device"]),
  };
  const args = llamaServerArguments({ ...solo, place: { kind: "main" } }, withDevice, { port });
  assert.equal(valueOf(args, "--device"), "none");
  assert.ok(!args.includes("--n-gpu-layers"));
});

Deno.test("llama-server keeps no more prompts than the model leaves main memory for", () => {
  const flags = {
    ...late,
    llamaServerFlags: new Set([...late.llamaServerFlags, "--cache-ram", "--ctx-checkpoints"]),
  };
  const cache = (promptCacheBytes: number, spec = solo) =>
    valueOf(llamaServerArguments({ ...spec, promptCacheBytes }, flags, { port }), "--cache-ram");
  assert.equal(cache(1_000 * 2 ** 20), "1000");
  assert.equal(cache(-1), "0");
  assert.equal(cache(20_000 * 2 ** 20), undefined, "llama-server's own limit");
  const few = llamaServerArguments({ ...solo, checkpoints: 3 }, flags, { port });
  assert.equal(valueOf(few, "--ctx-checkpoints"), "3");
});
