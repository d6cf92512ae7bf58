/** `mesh-llm config show`. */

import type { ConfigShowCommand, Setting } from "./command.ts";
import { table } from "./format.ts";
import { printOut } from "./output.ts";

export function runConfigShow(command: ConfigShowCommand): number {
  const { path, settings, json } = command;
  printOut(
    json ? JSON.stringify({ path, settings }, null, 2) + "\n" : settingsText(path, settings),
  );
  return 0;
}

export function settingsText(path: string, settings: readonly Setting[]): string {
  const rows = settings.map(({ name, value, from }) => [name, valueText(value), from]);
  return `${path}\n\n${table([["SETTING", "VALUE", "FROM"], ...rows])}`;
}

function valueText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "-";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
