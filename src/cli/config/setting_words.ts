/** `KEY=VALUE` of `mesh-llm settings`, as people type it in a shell. Pure. */

import { UsageError } from "../base/usage_error.ts";

/** @throws {UsageError} for a word that is no `KEY=VALUE` */
export function settingsIn(words: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) {
      throw new UsageError(
        `${JSON.stringify(word)} is no setting: write KEY=VALUE, such as ctx=8192`,
      );
    }
    const key = word.slice(0, at);
    return [key, valueOf(key, word.slice(at + 1).trim())];
  }));
}

/** The node judges what this leaves a text. */
function valueOf(key: string, text: string): unknown {
  // It goes back to what is configured.
  if (text === "") return null;
  const isList = key === "aliases" || key === "device" || key === "args";
  if (isList && text.startsWith("[")) return listIn(text);
  if (key === "args") return argsIn(text);
  if (key === "aliases") return namesIn(text);
  if (key === "device") return text === "auto" || text === "none" ? text : namesIn(text);
  if (key === "draft" && text === "none") return false;
  if (key === "pin" || key === "draft") {
    return text === "true" ? true : text === "false" ? false : text;
  }
  const isNumber = (key === "ctx" || key === "parallel") && /^\d{1,15}$/.test(text);
  return isNumber ? Number(text) : text;
}

/** A quote is not undone here as a shell does: an argument that begins with one would reach llama-server with it. */
function argsIn(text: string): string[] {
  const words = text.split(/\s+/);
  const quoted = words.find((word) => /^["']/.test(word));
  if (quoted === undefined) return words;
  throw new UsageError(
    `args can't be split at the quote of ${
      JSON.stringify(quoted)
    }: write them as a list, such as ` +
      `args='["--chat-template", "two words"]'`,
  );
}

function namesIn(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** As `config.toml` has it, for values with spaces. */
function listIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
