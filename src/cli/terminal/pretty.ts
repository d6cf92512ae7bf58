/** Log records as a person wants to see them: few lines, in plain words. Pure. */

import type { LogRecord } from "@logtape/logtape";
import { styleText } from "node:util";
import { printable, printableAll } from "../../base/printable.ts";
import { count, formatBytes, formatSeconds, listText, shortId } from "../base/format.ts";
import { messageOf } from "./log_line.ts";
import { type LiveLine, progressLine } from "../base/progress_line.ts";

export interface PrettyOptions {
  readonly colour: boolean;
  /** Shows every record, not only what has an event or is a warning. */
  readonly verbose: boolean;
  /** The command that the owner of a second machine types to start a node. */
  readonly startCommand: string;
  /** Whether the console's address leads to a page. */
  readonly console: boolean;
}

/** Lines to print, or the live line's new text; `null` shows nothing. */
export type Shown =
  | { readonly kind: "lines"; readonly text: string }
  | ({ readonly kind: "live" } & LiveLine)
  | null;

type Style = (format: "bold" | "dim" | "green" | "yellow" | "red", text: string) => string;
type Fields = Readonly<Record<string, unknown>>;

export function pretty(record: LogRecord, options: PrettyOptions): Shown {
  const style: Style = (format, text) =>
    options.colour ? styleText(format, text, { validateStream: false }) : text;
  // Names come from other machines. The token is ours, and of any length.
  const fields: Fields = { ...printableAll(record.properties), token: record.properties.token };
  if (fields.event === "progress") {
    return { kind: "live", task: taskOf(fields), ...progressOf(fields, options) };
  }
  // Its sentence follows on standard error; here it only ends the live line.
  if (fields.event === "error") return { kind: "lines", text: "" };
  const known = eventText(fields, options, style);
  if (known !== undefined) return known === "" ? null : lines(known);
  return otherRecord(record, options, style);
}

/** `undefined`: not one of the events below. Empty: another record says it. */
function eventText(fields: Fields, options: PrettyOptions, style: Style): string | undefined {
  switch (fields.event) {
    case "ready":
      return readyText(fields, options, style);
    case "relay":
      return relayText(fields, style);
    case "claimed":
      return `Carries for the mesh ${fields.mesh} from now on`;
    case "released":
      return `Carries nothing for the mesh ${fields.mesh} any more: ${fields.reason}`;
    case "plan":
      return planText(fields);
    case "serving":
      return style("green", servingText(fields));
    case "runs":
      return runsText(fields);
    case "unloaded":
      return `${fields.model} is not served here any more: ${fields.reason}`;
    case "waiting":
      return style("yellow", waitingText(fields));
    case "peer":
      return peerText(fields);
    case "lan":
      return `${fields.name}'s mesh is on this network too`;
    case "stopped":
      return `Stopped: ${fields.reason}`;
    default:
      return undefined;
  }
}

function otherRecord(record: LogRecord, options: PrettyOptions, style: Style): Shown {
  const text = printable(messageOf(record));
  switch (record.level) {
    case "warning":
      return lines(style("yellow", `Warning: ${text}`));
    case "error":
    case "fatal":
      return lines(style("red", `Error: ${text}`));
    default:
      return options.verbose ? lines(style("dim", `${timeOf(record)} ${text}`)) : null;
  }
}

function readyText(fields: Fields, options: PrettyOptions, style: Style): string {
  const { token, api, console, signIn } = fields;
  const block = ["", style("bold", "mesh-llm is running"), ""];
  if (options.console) block.push(`  Console  ${style("bold", String(signIn ?? console))}`);
  block.push(`  API      ${style("bold", `${api}/v1`)}`, "");
  if (typeof token === "string") {
    block.push(
      "To add a machine, run this on it:",
      "",
      `  MESH_LLM_JOIN=${token} ${options.startCommand}`,
      "",
    );
  }
  return block.join("\n");
}

function relayText({ claim, meshes }: Fields, style: Style): string {
  const head = ["", style("bold", "The relay is running"), ""];
  if (typeof claim !== "string") {
    return [
      ...head,
      `Meshes that it carries for: ${meshes}. mesh-llm relay claim prints a claim for another.`,
      "",
    ]
      .join("\n");
  }
  const how = "To take it into a mesh, run this on a machine there:";
  return [...head, how, "", `  mesh-llm relay add ${claim}`, ""].join("\n");
}

/** A plan that the user has asked for needs no reason; a plan of the node's own does. */
function planText(fields: Fields): string {
  const text = deedText(fields);
  return text !== "" && fields.automatic === true ? `${text}: ${fields.reason}` : text;
}

function deedText({ role, model, mode, workers, instead }: Fields): string {
  const left = typeof instead === "string" ? ` instead of ${instead}` : "";
  if (role === "worker") return `Lending memory to ${model}${left}`;
  if (role !== "host") return model === null ? `Free for any model${left}` : "";
  if (mode !== "split") return `Loading ${model} on this machine${left}`;
  const helpers = Array.isArray(workers) ? workers.length : 0;
  return `Loading ${model} together with ${count(helpers, "other machine")}${left}`;
}

function servingText({ model, mode, loadMs }: Fields): string {
  const where = mode === "split" ? "over several machines" : "on this machine";
  return `Serving ${model} ${where}, loaded in ${formatSeconds(Number(loadMs))}`;
}

/** Of a node with one model another line says it. */
function runsText({ serving, lending }: Fields): string {
  const [serves, lends] = [namesOf(serving), namesOf(lending)];
  if (serves.length + lends.length < 2) return "";
  const parts = [
    ...(serves.length === 0 ? [] : [`serves ${listText(serves)}`]),
    ...(lends.length === 0 ? [] : [`lends memory to ${listText(lends)}`]),
  ];
  return `This machine ${parts.join(", and ")}`;
}

function namesOf(names: unknown): string[] {
  return Array.isArray(names) ? names.map(String) : [];
}

function waitingText({ model, needBytes, haveBytes }: Fields): string {
  const need = formatBytes(Number(needBytes));
  const have = formatBytes(Number(haveBytes));
  return `${model} waits for memory: it needs ${need} and the mesh has ${have}. ` +
    `Add a machine, and it is served`;
}

function peerText({ peer, name, change }: Fields): string {
  const who = typeof name === "string" && name !== "" ? name : shortId(String(peer));
  if (change === "joined") return `${who} joined the mesh`;
  return change === "left" ? `${who} left the mesh` : `${who} no longer answers`;
}

/** The steps of an installation follow one another. */
function taskOf({ task, model }: Fields): string {
  return task === "install" ? "install" : `${task} ${model}`;
}

/** An installation says its steps and bytes, everything else a model and a fraction. */
function progressOf(fields: Fields, { colour }: PrettyOptions): LiveLine {
  if (fields.task === "install") {
    const { step, receivedBytes, totalBytes } = fields;
    const fraction = totalBytes === null ? null : Number(receivedBytes) / Number(totalBytes);
    return progressLine({ label: String(step), fraction, colour });
  }
  const action = fields.task === "download" ? "Downloading" : "Loading";
  const label = `${action} ${fields.model}`;
  return progressLine({ label, fraction: Number(fields.fraction), colour });
}

function timeOf(record: LogRecord): string {
  return new Date(record.timestamp).toISOString().slice(11, 19);
}

function lines(text: string): Shown {
  return { kind: "lines", text: text + "\n" };
}
