import { unlessMissing } from "../../base/unless_missing.ts";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { writeWhole } from "../../base/atomic_file.ts";

/** The model that comes with the program. */
export const GUIDE_NAME = "guide";

/** At this place also inside the compiled executable. */
const EMBEDDED = new URL("../guide/guide.gguf", import.meta.url);

/**
 * Makes sure that the guide lies in `folder`, where llama.cpp can map it, and answers its path.
 * A file of another version is replaced; who has it open keeps the old one.
 */
export async function writeGuide(folder: string): Promise<string> {
  const path = join(folder, `${GUIDE_NAME}.gguf`);
  const [embedded, present] = await Promise.all([
    Deno.readFile(EMBEDDED),
    unlessMissing(Deno.readFile(path)),
  ]);
  if (present !== undefined && Buffer.compare(present, embedded) === 0) return path;
  await writeWhole(path, embedded, { mode: 0o644 });
  return path;
}

/** A question to the guide and its answer, for a llama.cpp that is to show that it works. */
export async function guideTrial(dataDir: string): Promise<GuideTrial> {
  return { modelPath: await writeGuide(join(dataDir, "models")), ...QUESTION };
}

export interface GuideTrial {
  readonly modelPath: string;
  readonly question: string;
  readonly answer: string;
}

const QUESTION = {
  question: "hello",
  answer: "Hello! I am the guide, a tiny model that ships inside mesh-llm. " +
    "Ask me what a mesh is, or load a real model from the catalog.",
};
