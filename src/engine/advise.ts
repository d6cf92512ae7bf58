import { readMachineFacts } from "./devices/read_facts.ts";
import { adviceOf } from "./install/advice.ts";
import { readRecord } from "./install/engine_record.ts";
import type { EngineAdvice, EngineRecord, LeftDevice } from "./base/types.ts";

interface InstalledEngine {
  readonly llamaServer: string;
  readonly devices: readonly { readonly name: string }[];
  readonly leftOut: readonly LeftDevice[];
}

interface AdviseOptions {
  readonly dataDir: string;
  /** `--device` names the devices. */
  readonly isChosen: boolean;
}

/** Looks at the machine, and says whether this engine is the best that it could have. */
export async function adviseOnEngine(
  { llamaServer, devices, leftOut }: InstalledEngine,
  { dataDir, isChosen }: AdviseOptions,
): Promise<EngineAdvice & { readonly record: EngineRecord | null }> {
  const [facts, record] = await Promise.all([
    readMachineFacts({ dataDir }),
    readRecord(llamaServer),
  ]);
  return { ...adviceOf({ devices, leftOut, isChosen, record, facts }), record };
}
