/** `mesh-llm config show`. */

import { jsonText, printable } from "../base/printable.ts";
import type { ConfigShowCommand, Setting } from "./command.ts";
import { table } from "./format.ts";
import { printOut } from "./output.ts";

export function runConfigShow(command: ConfigShowCommand): number {
  const { path, settings, warnings, json } = command;
  if (json) printOut(jsonText({ path, settings, warnings }, { indent: 2 }));
  else printOut(settingsText(path, settings) + warnings.map(warningText).join(""));
  return 0;
}

export function settingsText(path: string, settings: readonly Setting[]): string {
  const rows = settings.map(({ name, value, from }) => [name, valueText(value), from]);
  return `${path}\n\n${table([["SETTING", "VALUE", "FROM"], ...rows])}`;
}

function warningText(warning: string): string {
  return `\nWarning: ${printable(warning)}\n`;
}

function valueText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "-";
  return printable(Array.isArray(value) ? value.join(", ") : value);
}
