/** Why a llama.cpp server ended, in its own words: pure, fed line by line. */

import { CAUSE_CHARS, CAUSE_LINES } from "../base/defaults.ts";
import type { ExitCause, FailedPart } from "../base/types.ts";
import { isUselessAfter, type Loss, lossIn, namesDevice, tellsLoss } from "./lost_device.ts";

/**
 * Collects what a server says that may be the reason of its end. The reason is seldom its last line: the callers of what
 * has failed each add a line of their own, and a usage text may follow. Kept are few lines, so a chatty server costs
 * nothing.
 */
export class CauseLines {
  #lines: string[] = [];
  #part: FailedPart = "model";
  /** The line ends with a colon: what it announces follows on lines without a time stamp. */
  #announces = false;
  #isUseless = false;

  /**
   * It goes on, and nothing that it does will succeed. Only its logger's own word counts here: a line without a time stamp
   * may be a part of somebody's prompt.
   */
  get isUseless(): boolean {
    return this.#isUseless;
  }

  add(raw: string): void {
    const { level, text } = parseLine(raw);
    if (text === "" || NOISE.test(text)) return;
    if (level === null && this.#announces) return this.#continue(text);
    this.#announces = false;
    if (!isTrouble(level, text)) return;
    this.#isUseless ||= level === "E" && isUselessAfter(text);
    this.#part = partOf(text) ?? this.#part;
    this.#lines = [...this.#lines, text.slice(0, CAUSE_CHARS)].slice(-CAUSE_LINES);
    this.#announces = level !== null && text.endsWith(":");
  }

  /** @param exitCode 128 + n where signal n ended it, `null` where it never ran */
  cause(exitCode: number | null): ExitCause {
    const loss = lossIn(this.#lines);
    if (loss !== undefined) return lostCause(loss, tellingLine(this.#lines));
    const told = isFromOutside(exitCode) ? undefined : tellingLine(this.#lines);
    const line = withoutFolders(told ?? endWords(exitCode));
    const part = this.#part;
    return { text: part === "draft" || part === "projector" ? `${part}: ${line}` : line, part };
  }

  /** The server has loaded: what it complained of until now did not end it. */
  clear(): void {
    this.#lines = [];
    this.#part = "model";
  }

  /** Of an explanation in several lines the last one that names an error says what it is. */
  #continue(text: string): void {
    const reason = /^(?:error:\s*)(.+)$/i.exec(text)?.[1];
    const head = this.#lines.at(-1);
    if (reason === undefined || head === undefined) return;
    this.#lines = [...this.#lines.slice(0, -1), `${head} ${reason}`.slice(0, CAUSE_CHARS)];
  }
}

/** Metal tells of memory that ran out by the same line as of a GPU that is gone, and names the reason in the next one. */
function lostCause({ device, line }: Loss, told: string | undefined): ExitCause {
  const lost = { device };
  if (told !== undefined && isAboutMemory(told)) return { text: told, part: "model", lost };
  const which = device === null ? "a GPU" : `the GPU ${device}`;
  const text = `${which} was lost, as when its driver is reset (${withoutFolders(line)})`;
  return { text, part: "model", lost };
}

/** The line that names the reason among those that tell of trouble; `undefined` where there are none. */
function tellingLine(lines: readonly string[]): string | undefined {
  for (const pattern of REASONS) {
    const found = lines.findLast((line) => pattern.test(line));
    if (found !== undefined) return found;
  }
  return lines.findLast((line) => !isConsequence(line)) ?? lines[0];
}

/** Memory: what was asked for stands in the first line, and callers add only that they failed. */
const NO_MEMORY: readonly RegExp[] = [
  /cudaMalloc failed|out of memory|insufficient memory|OutOfDeviceMemory/i,
  /memory allocation of size \d+ failed|failed to allocate .*buffer of size/i,
  /unable to allocate|std::bad_alloc/i,
];

/** Whether the words are the server's own, and not only what is known of any that ends so. */
export function saysWhy({ text }: ExitCause, exitCode: number | null): boolean {
  return text !== endWords(exitCode);
}

/** It ended because it could not have the memory that it asked for, of a device or of the machine. */
export function lacksMemory({ text }: ExitCause): boolean {
  return isAboutMemory(text);
}

function isAboutMemory(line: string): boolean {
  return NO_MEMORY.some((pattern) => pattern.test(line));
}

/** Lines that are the reason wherever they stand, the most telling first. */
const REASONS: readonly RegExp[] = [
  ...NO_MEMORY,
  // A peer of another protocol: the line after it only says that the handshake failed.
  /version mismatch/i,
  // Before the line by which it aborts, which only names the file: that comes first or last.
  /(?:CUDA|ROCm|MUSA|SYCL) error: /,
  /GGML_ASSERT|(?:CUDA|ROCm|MUSA|SYCL) error|^\s*what\(\):/,
  /couldn't bind|failed to create server socket|address already in use/i,
  /error while handling (?:argument|environment variable)|(?:invalid|unknown) argument/i,
];

/** Lines by which callers say that what they called has failed. */
const CONSEQUENCES: readonly RegExp[] = [
  /exiting due to/,
  /failed to load (?:draft |multimodal )?model(?:,? '[^']*')?$/,
  /failed to load model from |failed to load CLIP model from /i,
  /failed to create[_ ]context with model/,
  /failed to (?:initialize chat template|get memory usage of mmproj|read tensor info)/,
  /encountered an error while trying to fit params/,
  /chat template parsing error: std::exception$/,
  /please consider disabling jinja|--no-jinja --chat-template/,
  /RPC handshake failed|send failed \(bytes_sent/,
  /current device: -?\d+, in function/,
];

/** Neither trouble nor its explanation, though some of it sounds like it; at the end the shell's word for the signal. */
const NOISE =
  /^(?:ggml_backend_load_best|load_backend|usage:|options:|-+$)|^to show complete usage|^(?:Aborted|Segmentation fault|Bus error|Illegal instruction|Floating point exception|Killed|Terminated)(?: \(core dumped\))?$/i;

const SOUNDS_LIKE_TROUBLE =
  /error|fail|crash|fatal|invalid|unknown|unsupported|unable|cannot|can't|couldn't|could not|mismatch|not found|no such|denied|insufficient|out of memory|assert|abort|bad_alloc|what\(\)|not loaded/i;

function isTrouble(level: string | null, text: string): boolean {
  if (level !== null) return level === "E" || level === "F";
  if (tellsLoss(text) || namesDevice(text)) return true;
  // A line of `--help` after a bad argument: an option with its description.
  if (/^-{1,2}[a-z]/i.test(text)) return false;
  return SOUNDS_LIKE_TROUBLE.test(text);
}

function isConsequence(line: string): boolean {
  return CONSEQUENCES.some((pattern) => pattern.test(line));
}

function partOf(text: string): FailedPart | undefined {
  if (/failed to load draft model/.test(text)) return "draft";
  if (/failed to load multimodal model|failed to load CLIP model/i.test(text)) return "projector";
  if (/Failed to connect to|Remote RPC server crashed/.test(text)) return "worker";
  return undefined;
}

/** Builds since 2026 begin each line with a time and a letter: `0.00.015.442 E srv    load_model: ...`. */
function parseLine(raw: string): { level: string | null; text: string } {
  // deno-lint-ignore no-control-regex -- a colour of a terminal begins with ESC
  const plain = raw.replace(/\x1b\[[0-9;]*m/g, "").replace(/\s+/g, " ").trim();
  const match = /^\d+(?:\.\d+){2,3} ([A-Z]) (.*)$/.exec(plain);
  return match === null
    ? { level: null, text: plain }
    : { level: match[1] ?? null, text: match[2] ?? "" };
}

/** Other machines are told the cause: where a file lies on this one is none of their business. */
function withoutFolders(text: string): string {
  return text.replace(/(^|[\s'"(=])(?:\.{0,2}\/)(?:[^\s'"/]+\/)+([^\s'"/]+)/g, "$1$2");
}

/** A kill from outside leaves no line in the log; the lines that stand there are about something else. */
function isFromOutside(exitCode: number | null): boolean {
  return exitCode === 128 + 9 || exitCode === 128 + 15;
}

function endWords(exitCode: number | null): string {
  if (exitCode === null) return "could not be started";
  if (exitCode <= 128) return `ended with code ${exitCode} and did not say why`;
  const signal = exitCode - 128;
  const name = SIGNALS[signal] ?? `signal ${signal}`;
  return signal === 9
    ? `was killed (${name}), as the system does when memory runs out`
    : `ended by ${name} and did not say why`;
}

const SIGNALS: Readonly<Record<number, string>> = {
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/**
 * Equal for two reasons of one kind: ports, sizes and addresses change from one start to the next, and the cause does not.
 */
export function kindOfCause(text: string): string {
  return text.replace(/0x[0-9a-f]+|\d+(?:\.\d+)*/gi, "#");
}
