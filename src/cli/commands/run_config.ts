/** `mesh-llm config show`. */

import { dirname } from "node:path";
import { jsonText, printable } from "../../base/printable.ts";
import type { Setting } from "../../api/mod.ts";
import type { ConfigShowCommand } from "../config/command.ts";
import { table } from "../base/format.ts";
import { findRunningSettings } from "../client/running_settings.ts";
import { printOut } from "../base/output.ts";

/** Of the node that runs; of one that would start now where none does, or where flags say what it would start with. */
export async function runConfigShow(command: ConfigShowCommand): Promise<number> {
  const { path, warnings, json } = command;
  const supposed = command.settings.some(({ from }) => from === "flag");
  const running = supposed || path === "" ? null : await findRunningSettings(dirname(path));
  const settings = running ?? command.settings;
  if (json) {
    printOut(jsonText({ path, running: running !== null, settings, warnings }, { indent: 2 }));
    return 0;
  }
  const later = running === null ? [] : changedInFile(running, command.settings);
  printOut([
    running === null ? "" : "Of the node that runs\n",
    settingsText(path, settings),
    ...later.map(laterText),
    ...warnings.map(warningText),
  ].join(""));
  return 0;
}

/** The settings that the file has by now and the node does not know. */
export function changedInFile(
  running: readonly Setting[],
  next: readonly Setting[],
): readonly Setting[] {
  return next.filter(({ name, value, from }) => {
    const now = running.find((one) => one.name === name);
    if (now?.from === "changed") return false;
    const isOf = from === "file" || now?.from === "file";
    return isOf && JSON.stringify(value) !== JSON.stringify(now?.value);
  });
}

function laterText({ name, value }: Setting): string {
  return `\nAt the next start without flags ${name} is ${valueText(value)}: the file has changed\n`;
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
