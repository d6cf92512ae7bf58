/** `mesh-llm settings MODEL [KEY=VALUE ...]`: what the running node does with a model. */

import type { SettingsView } from "../../api/mod.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { listText, table } from "../base/format.ts";
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

export function modelSettingsText(view: SettingsView): string {
  const { settings, changed, problem } = view;
  const rows = Object.entries(settings).map(([key, value]) => [
    key,
    valueText(value),
    key in changed ? "changed" : "configured",
  ]);
  const text = table([["SETTING", "VALUE", "FROM"], ...rows]);
  const sentences = [...problem === null ? [] : [`Problem: ${problem}`], ...effectOf(view)];
  return [text, ...sentences.map((one) => `${printable(one)}\n`)].join("\n");
}

/** Settings hold on the node that has them. */
function effectOf({ model, reloads, elsewhere }: SettingsView): string[] {
  const anew = reloads.length === 0
    ? []
    : [`${model} is loaded anew on ${listText(reloads)} once its answers have ended`];
  const others = elsewhere.length === 0 ? [] : [
    `${listText(elsewhere)} ${elsewhere.length === 1 ? "serves" : "serve"} it with settings of ` +
    `${elsewhere.length === 1 ? "its" : "their"} own`,
  ];
  return [...anew, ...others];
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return printable(value);
  return value.length === 0 ? "-" : printable(value.join(", "));
}
