/** `mesh-llm key make`, `key list` and `key remove`: keys of the running node's API. */

import type { KeyView } from "../../api/mod.ts";
import { jsonText, printableAll } from "../../base/printable.ts";
import { table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode, NodeAnswerError } from "../client/running_node.ts";
import type { KeyListCommand, KeyMakeCommand, KeyRemoveCommand } from "../config/command.ts";

/** Prints the key alone, so that it can be piped. */
export async function runKeyMake({ dataDir, name, models, json }: KeyMakeCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const answer = await node.post("/api/keys", { name, models });
  const key = (answer as { key?: unknown } | null)?.key;
  if (typeof key !== "string") throw new NodeAnswerError("The node answered without a key");
  printOut(json ? jsonText({ name, key }) : `${key}\n`);
  return 0;
}

export async function runKeyList({ dataDir, json }: KeyListCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  // The node that answers is this program; its contract is docs/management-api.md.
  const { keys } = await node.get("/api/keys") as { keys: KeyView[] };
  printOut(json ? jsonText({ keys }, { indent: 2 }) : keysText(keys));
  return 0;
}

export async function runKeyRemove({ dataDir, name, json }: KeyRemoveCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.delete(`/api/keys/${encodeURIComponent(name)}`);
  printOut(json ? jsonText({ name }) : `The key ${name} is removed\n`);
  return 0;
}

/** One row a key, the newest last. */
export function keysText(told: readonly KeyView[]): string {
  const keys = printableAll(told);
  if (keys.length === 0) return "The API of this node asks nobody for a key\n";
  return table([
    ["NAME", "MODELS", "MANAGES", "FROM"],
    ...keys.map(({ name, models, manage, made }) => [
      name,
      models === null ? "all" : models.join(", "),
      manage ? "yes" : "no",
      made ? "key make, console" : "the start",
    ]),
  ]);
}
