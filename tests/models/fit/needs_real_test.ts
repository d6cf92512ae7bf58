import assert from "node:assert/strict";
import { freePort } from "../../../src/engine/process/free_port.ts";
import type { Engine } from "../../../src/engine/mod.ts";
import { needBytes, openLibrary, type Shape } from "../../../src/models/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { cachedRandomModel } from "../../support/random_model.ts";
import { GUIDE } from "../sample_gguf.ts";

const MIB = 1024 * 1024;
const found = await engineOrReason();
const SMALL = { layers: 2, embedding: 512, width: 1024 };

const CASES = [
  { of: "the guide", path: GUIDE, contextLength: 2048, slots: 1 },
  { of: "the guide with four slots", path: GUIDE, contextLength: 2048, slots: 4 },
  { of: "two layers", path: cachedRandomModel(SMALL), contextLength: 2048, slots: 1 },
  {
    of: "two layers with two slots",
    path: cachedRandomModel(SMALL),
    contextLength: 2048,
    slots: 2,
  },
  {
    of: "two layers with four slots",
    path: cachedRandomModel(SMALL),
    contextLength: 2048,
    slots: 4,
  },
];

for (const { of, path, contextLength, slots } of CASES) {
  engineTest(
    found,
    `needBytes() is within 10 % of what llama-server reserves for ${of}, now`,
    async (engine) => {
      const model = await openLibrary({ modelsDir: null, dataDir: "/nowhere", home: null })
        .resolve(path);
      const reserved = await reservedBytes(engine, path, { contextLength, slots });
      const ratio = needBytes(model, contextLength, slots) / reserved;
      assert.ok(ratio >= 0.99 && ratio <= 1.1, `${ratio} of ${reserved}`);
    },
  );
}

/** The memory that a llama-server reports as reserved: the last figure of each buffer, since it first tries out. */
async function reservedBytes(engine: Engine, path: string, shape: Shape): Promise<number> {
  const address = ["--host", "127.0.0.1", "--port", String(freePort())];
  const child = new Deno.Command(engine.llamaServer, {
    args: [
      ...["--model", path, "--ctx-size", String(shape.contextLength * shape.slots)],
      ...["--parallel", String(shape.slots), "--no-kv-unified", ...address, "--verbose"],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const buffers = new Map<string, number>();
  let text = "";
  try {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("listening on")) break;
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  const line = /(model|output|KV|compute) buffer size =\s*([\d.]+) MiB/g;
  for (const [, kind = "", mib = ""] of text.matchAll(line)) buffers.set(kind, Number(mib));
  assert.equal(buffers.size, 4, text.slice(-2000));
  return [...buffers.values()].reduce((sum, mib) => sum + mib, 0) * MIB;
}
