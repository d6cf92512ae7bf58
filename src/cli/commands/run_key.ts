/** `mesh-llm key make`, `key list` and `key remove`: keys of the running node's API. */

import type { KeyView } from "../../api/mod.ts";
import { jsonText, printableAll } from "../../base/printable.ts";
import { table } from "../base/format.ts";
import { printError, printOut } from "../base/output.ts";
import {
  findRunningNode,
  NodeAnswerError,
  type RunningNodeClient,
} from "../client/running_node.ts";
import type { KeyListCommand, KeyMakeCommand, KeyRemoveCommand } from "../config/command.ts";

/** Prints the key alone on standard output, so that it can be piped. */
export async function runKeyMake({ dataDir, name, models, json }: KeyMakeCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const isFirst = (await keysOf(node)).length === 0;
  const answer = await node.post("/api/keys", { name, models });
  const key = (answer as { key?: unknown } | null)?.key;
  if (typeof key !== "string") throw new NodeAnswerError("The node answered without a key");
  printOut(json ? jsonText({ name, key }) : `${key}\n`);
  if (isFirst && !json) printError(FIRST_KEY);
  return 0;
}

export async function runKeyList({ dataDir, json }: KeyListCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const keys = await keysOf(node);
  printOut(json ? jsonText({ keys }, { indent: 2 }) : keysText(keys));
  return 0;
}

export async function runKeyRemove({ dataDir, name, json }: KeyRemoveCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.delete(`/api/keys/${encodeURIComponent(name)}`);
  if (json) {
    printOut(jsonText({ name }));
    return 0;
  }
  const isOpen = (await keysOf(node)).length === 0;
  printOut(`The key ${name} is removed\n${isOpen ? keysText([]) : ""}`);
  return 0;
}

async function keysOf(node: RunningNodeClient): Promise<KeyView[]> {
  // The node that answers is this program; its contract is docs/management-api.md.
  const { keys } = await node.get("/api/keys") as { keys: KeyView[] };
  return keys;
}

const FIRST_KEY =
  "This is the first key: from now on the API asks every caller for one, the console's chat too\n";

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
