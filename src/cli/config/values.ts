/** Parsers of option values: the text of one option in, its value out, or a `UsageError` that names both. */

import { isIP } from "node:net";
import { durationMs } from "../../base/duration.ts";
import { SLOTS_MAX } from "../../base/model_settings.ts";
import { MAX_WORKERS } from "../../mesh/config.ts";
import { NAME_LENGTH_MAX } from "../base/defaults.ts";
import { UsageError } from "../base/usage_error.ts";

const PORT_MAX = 65_535;
const BYTES_PER_GB = 1e9;

/** llama.cpp keeps the context length in 32 bits. */
const CONTEXT_LENGTH_MAX = 2 ** 31 - 1;

export function parsePort(option: string, text: string): number {
  return wholeNumber(text, 0, PORT_MAX) ?? refuse(option, "a port from 0 to 65535", text);
}

/** A number, or the choice of the node. */
export type OrAuto = number | "auto";

export function parseContextLength(option: string, text: string): OrAuto {
  if (text === "auto") return text;
  return wholeNumber(text, 1, CONTEXT_LENGTH_MAX) ??
    refuse(option, "a whole number of tokens from 1, or auto", text);
}

export function parseSlots(option: string, text: string): OrAuto {
  if (text === "auto") return text;
  return wholeNumber(text, 1, SLOTS_MAX) ??
    refuse(option, `a whole number of requests from 1 to ${SLOTS_MAX}, or auto`, text);
}

/** GB are 10^9 bytes, as everywhere in this program. */
export function parseGigabytes(option: string, text: string): number {
  const bytes = Math.round((decimal(text) ?? 0) * BYTES_PER_GB);
  if (bytes < 1 || !Number.isSafeInteger(bytes)) {
    return refuse(option, "a number of GB above 0, such as 8 or 1.5", text);
  }
  return bytes;
}

/** The same where nothing may be meant. */
export function parseGigabytesOrNone(option: string, text: string): number {
  if (decimal(text) === 0) return 0;
  const isWrong = !((decimal(text) ?? 0) > 0);
  return isWrong
    ? refuse(option, "a number of GB, such as 8, 1.5 or 0", text)
    : parseGigabytes(option, text);
}

/** Proportions, one a machine and the host's first. A machine may get nothing, but not all of them. */
export function parseProportions(option: string, text: string): readonly number[] {
  const parts = text.split(",").map((part) => decimal(part.trim()));
  const numbers = parts.filter((part) => part !== undefined);
  const isRight = numbers.length === parts.length && numbers.length >= 2 &&
    numbers.length <= MAX_WORKERS + 1 && numbers.some((part) => part > 0);
  if (isRight) return numbers;
  return refuse(option, "two or more numbers with commas between them, such as 3,1", text);
}

/** llama.cpp's own names; empty for `none`. */
export function parseDeviceNames(option: string, text: string): readonly string[] {
  if (text.trim().toLowerCase() === "none") return [];
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => /^[^\s,]+$/.test(name) && name.toLowerCase() !== "none")) return names;
  return refuse(option, "names with commas between them, such as CUDA0,CUDA1, or none", text);
}

/** An address of this machine, without a port. */
export function parseAddress(option: string, text: string): string {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (address === "localhost" || isIP(address) !== 0) return address;
  return refuse(option, "an IP address without a port, such as 0.0.0.0", text);
}

/** An address by which others reach this machine. */
export function parseIp(option: string, text: string): string {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0) return address;
  return refuse(option, "an IP address without a port, such as 203.0.113.7", text);
}

/** A name of this machine as others use it, in the form in which browsers send it. */
export function parseHostName(option: string, text: string): string {
  const [, wild = "", name = ""] = /^(\*\.)?(.*)$/s.exec(text) ?? [];
  const isWhole = /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(name);
  const address = isIP(name) === 6 ? `[${name}]` : name;
  const host = isWhole || isIP(name) === 6 ? URL.parse(`http://${address}`)?.hostname : undefined;
  if (host !== undefined && !(wild && isIP(name) !== 0)) return wild + host.replace(/\.$/, "");
  return refuse(option, "a host name without a port, such as gpu.lan or *.lan", text);
}

/** A key travels in an HTTP header, so it is printable ASCII without spaces. */
export function parseKey(option: string, text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError(`${option} must be one word of letters, digits and signs, without spaces`);
}

export function parseName(option: string, text: string): string {
  const name = text.trim();
  const printable = !/\p{C}/u.test(name);
  if (name !== "" && printable && name.length <= NAME_LENGTH_MAX) return name;
  return refuse(option, `a name of 1 to ${NAME_LENGTH_MAX} printable characters`, text);
}

export function parseNotEmpty(option: string, text: string): string {
  if (text.trim() !== "") return text;
  throw new UsageError(`${option} must not be empty`);
}

/** Milliseconds. */
export function parseDuration(option: string, text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  return refuse(option, "a number and a unit, such as 30m, 12h, 7d or 4w", text);
}

/** As `token list` shows it. It becomes part of a URL. */
export function parseInviteId(text: string): string {
  const id = text.toLowerCase();
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  return refuse("The id of an invite", "16 hexadecimal digits, as token list shows them", text);
}

/** Six digits, as another machine shows them. */
export function parseCode(text: string): string {
  const code = text.replaceAll(/[\s-]/g, "");
  if (/^\d{6}$/.test(code)) return code;
  return refuse("A code", "six digits, as the other machine shows them", text);
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** Stricter than `Number()`, which also takes "", "0x10" and "1e400". */
function decimal(text: string): number | undefined {
  return /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function refuse(option: string, rule: string, text: string): never {
  throw new UsageError(`${option} must be ${rule}: current value is ${JSON.stringify(text)}`);
}
