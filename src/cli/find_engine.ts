import { getLogger } from "@logtape/logtape";
import { type Engine, prepareEngine } from "../engine/mod.ts";
import type { Runtime } from "./runtime.ts";

/**
 * llama.cpp as a node would find it; nothing is installed.
 * @throws {EngineNotFoundError | EngineBrokenError}
 */
export function findEngine(
  { dataDir, binDir }: { readonly dataDir: string; readonly binDir: string | null },
  { executableDir, path = "" }: Runtime,
): Promise<Engine> {
  return prepareEngine({
    dataDir,
    binDir,
    executableDir,
    path,
    install: false,
    onProgress: () => {}, // nothing is installed here
    logger: getLogger("mesh-llm"),
  });
}
