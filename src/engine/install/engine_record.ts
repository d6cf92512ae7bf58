/** The record beside an engine that was installed by us: its source, and the reason for this one. */

import { dirname, join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import type { EngineRecord } from "../base/types.ts";

const FILE = "mesh-llm.json";

const recordSchema = z.object({
  source: z.enum(["release", "debian"]),
  tag: z.string().nullable(),
  build: z.enum(["cuda-13", "cuda-12", "rocm", "vulkan", "metal", "cpu"]),
  device: z.string().nullable(),
  why: z.string().nullable(),
});

export async function writeRecord(engineFolder: string, record: EngineRecord): Promise<void> {
  await writeWhole(join(engineFolder, FILE), JSON.stringify(record), { mode: 0o644 });
}

/** Of the engine whose llama-server this is; `null` where it is not ours, or of a version that kept nothing. */
export async function readRecord(llamaServer: string): Promise<EngineRecord | null> {
  try {
    const text = await Deno.readTextFile(join(dirname(llamaServer), FILE));
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
