/** `mesh-llm logs`: the last lines of the running node and of its llama.cpp; with `-f` all that come. */

import type { EngineLog, LogLine } from "../../api/mod.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { LOGS_POLL_MS } from "../base/defaults.ts";
import { offerOut, printError } from "../base/output.ts";
import { findRunningNode, NodeAnswerError, NodeNotRunningError } from "../client/running_node.ts";
import type { LogsCommand } from "../config/command.ts";

/** Ends where nobody reads any more; with `-f` only then, or by a signal. */
export async function runLogs({ dataDir, follow, json }: LogsCommand): Promise<number> {
  let shown: Logs = new Map();
  let isAway = false;
  for (let isFirst = true;; isFirst = false) {
    const logs = await readLogs(dataDir).catch((error) => {
      if (isFirst || !isAbsence(error)) throw error;
      return null;
    });
    if (logs === null && !isAway) {
      printError("The node does not answer any more: waiting until one does\n");
    }
    isAway = logs === null;
    if (logs !== null) {
      const text = newLines(shown, logs).map((line) => lineText(line, json)).join("");
      if (text !== "" && !offerOut(text)) return 0;
      shown = logs;
    }
    if (!follow) return 0;
    await new Promise((resolve) => setTimeout(resolve, LOGS_POLL_MS));
  }
}

/** A node that stops refuses what comes, before it is gone. */
function isAbsence(error: unknown): boolean {
  return error instanceof NodeNotRunningError || error instanceof NodeAnswerError;
}

/** The lines of each log that are still known, the oldest first. `""` is the node's own. */
export type Logs = ReadonlyMap<string, readonly string[]>;

const OWN = "";

async function readLogs(dataDir: string): Promise<Logs> {
  const node = await findRunningNode(dataDir);
  // The node that answers is this program; its contract is docs/management-api.md.
  const logs = await node.get("/api/logs") as { node: LogLine[]; engine: EngineLog[] };
  const lines = logs.node.map(({ time, level, message }) => `${time} ${level}: ${message}`);
  // A line that is being written is shown once it is whole.
  const engine = logs.engine.toReversed().map(({ name, text }) =>
    [name, text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(0, -1)] as const
  );
  return new Map([...engine, [OWN, lines]]);
}

export interface ShownLine {
  readonly log: string;
  readonly line: string;
}

/** Each log is a window over lines that move on: what is new stands behind what both have. Pure. */
export function newLines(before: Logs, now: Logs): ShownLine[] {
  return [...now].flatMap(([log, lines]) =>
    lines.slice(overlap(before.get(log) ?? [], lines)).map((line) => ({ log, line }))
  );
}

/** How many of the last lines of one are the first of the other. */
function overlap(before: readonly string[], now: readonly string[]): number {
  for (let length = Math.min(before.length, now.length); length > 0; length--) {
    const from = before.length - length;
    if (now.slice(0, length).every((line, index) => line === before[from + index])) return length;
  }
  return 0;
}

function lineText({ log, line }: ShownLine, json: boolean): string {
  if (json) return jsonText({ log: log === OWN ? null : log, line });
  return `${log === OWN ? "" : `${printable(log)} | `}${printable(line)}\n`;
}
