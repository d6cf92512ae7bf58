/** `mesh-llm doctor`: what is wrong with this machine and its mesh, and what to do. */

import { Help } from "commander";
import { jsonText, printableAll } from "../../base/printable.ts";
import type { DoctorCommand } from "../config/command.ts";
import { HELP_COLUMNS } from "../base/defaults.ts";
import { type Finding, findingsOf, settingsFindings } from "./doctor/findings.ts";
import { gatherFacts } from "./doctor/gather.ts";
import { count } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import type { Runtime } from "../terminal/runtime.ts";

/** Exit code 1 where something keeps a node from working. */
export async function runDoctor(command: DoctorCommand, runtime: Runtime): Promise<number> {
  const findings = [
    ...findingsOf(await gatherFacts(command, runtime)),
    ...settingsFindings(command.config.warnings),
  ];
  printOut(command.json ? jsonText({ findings }, { indent: 2 }) : doctorText(findings));
  return findings.some(({ level }) => level === "problem") ? 1 : 0;
}

const COLUMN = 9;

/** Problems come last, where a reader's eye is, each with its remedy below. */
export function doctorText(told: readonly Finding[]): string {
  const findings = printableAll(told);
  const well = findings.filter(({ level }) => level === "ok");
  const unwell = findings.filter(({ level }) => level !== "ok");
  const problems = unwell.filter(({ level }) => level === "problem").length;
  const sum = unwell.length === 0
    ? "Nothing wrong was found"
    : `${count(problems, "problem")}, ${count(unwell.length - problems, "warning")}`;
  return [
    ...well.map(({ check, found }) => entry("ok", `${check}: ${found}`)),
    ...unwell.map(({ level, check, found, remedy }) =>
      `\n${entry(level, `${check}: ${found}`)}${entry("", remedy ?? "")}`
    ),
    `\n${sum}\n`,
  ].join("");
}

/** A word in the margin, and the text beside it within the columns of the help. */
function entry(margin: string, text: string): string {
  const lines = new Help().boxWrap(text, HELP_COLUMNS - COLUMN).split("\n");
  return lines.map((line, index) => (index === 0 ? margin : "").padEnd(COLUMN) + line + "\n")
    .join("");
}
