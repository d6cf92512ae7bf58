import type { Logger } from "@logtape/logtape";
import type { ModelInventory } from "../../models/mod.ts";

/** Says of each file that can't be used why, now and whenever something is found that was not said before. */
export function logBrokenModels(
  inventory: Pick<ModelInventory, "broken" | "subscribe">,
  logger: Logger,
): void {
  let said: ReadonlySet<string> = new Set();
  const say = () => {
    const reasons = inventory.broken.map(({ reason }) => reason);
    for (const reason of reasons) if (!said.has(reason)) logger.warn("{reason}", { reason });
    said = new Set(reasons);
  };
  say();
  inventory.subscribe(say);
}
