/** `mesh-llm settings MODEL [KEY=VALUE ...]`: what the running node does with a model. */

import type { SettingsView } from "../../api/mod.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { ModelSettingsCommand } from "../config/command.ts";

/** Returns once they are kept; the model may still be loaded anew. */
export async function runSettings(
  { dataDir, model, changes, reset, json }: ModelSettingsCommand,
): Promise<number> {
  const node = await findRunningNode(dataDir);
  const path = `/api/models/${encodeURIComponent(model)}/settings`;
  const isChange = Object.keys(changes).length > 0;
  const asked = reset
    ? node.delete(path)
    : isChange
    ? node.patch(path, { settings: changes })
    : node.get(path);
  const view = await asked as SettingsView;
  printOut(json ? jsonText(view, { indent: 2 }) : modelSettingsText(view));
  return 0;
}

export function modelSettingsText({ settings, changed, problem }: SettingsView): string {
  const rows = Object.entries(settings).map(([key, value]) => [
    key,
    valueText(value),
    key in changed ? "changed" : "configured",
  ]);
  const text = table([["SETTING", "VALUE", "FROM"], ...rows]);
  return problem === null ? text : `${text}\nProblem: ${printable(problem)}\n`;
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return printable(value);
  return value.length === 0 ? "-" : printable(value.join(", "));
}
