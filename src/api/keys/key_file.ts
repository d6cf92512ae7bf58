import { reasonOf } from "../../base/as_error.ts";
import * as z from "zod";
import { FIRST_FORM, LaterFileError, presentForm } from "../../base/kept_file.ts";
import { isModelName } from "../../base/model_name.ts";
import { openMode } from "../../base/own_files.ts";
import { API_KEYS_MAX } from "../base/defaults.ts";
import type { ApiKey } from "./keys.ts";

/** A file of API keys that can't be used. */
export class KeyFileError extends Error {
  override name = "KeyFileError";
}

const perMinute = z.int().positive().nullable().default(null);

/** Of a key, for people and for what counts its use. */
export const keyName = z.string().regex(
  /^[\w.@-]{1,64}$/,
  "must be 1 to 64 letters, digits and . _ @ -",
);

/** It travels in an HTTP header. */
export const apiKeyWord = z.string().regex(
  /^[\x21-\x7e]{1,512}$/,
  "must be one word without spaces",
);

const keySchema = z.strictObject({
  name: keyName,
  key: apiKeyWord,
  models: z.array(z.string().refine(isModelName, "must be names of models")).nullable().default(
    null,
  ),
  requestsPerMinute: perMinute,
  tokensPerMinute: perMinute,
  manage: z.boolean().exactOptional(),
});

const fileSchema = z.strictObject({ keys: z.array(keySchema).min(1).max(API_KEYS_MAX) });

/**
 * Reads `{"keys": [{"name", "key", "models", "requestsPerMinute", "tokensPerMinute", "manage"}]}`.
 * @throws {KeyFileError} with a sentence that never repeats a key. @throws {LaterFileError}
 */
export async function readKeyFile(path: string): Promise<ApiKey[]> {
  const refuse = (why: string): never => {
    throw new KeyFileError(`Could not use the API keys in ${path}: ${why}`);
  };
  try {
    const open = openMode((await Deno.stat(path)).mode);
    if (open !== null) refuse(`others may read it (mode ${open}): run chmod 600 ${path}`);
    const keys = parseKeys(await Deno.readTextFile(path), path);
    return typeof keys === "string" ? refuse(keys) : keys;
  } catch (error) {
    if (error instanceof KeyFileError || error instanceof LaterFileError) throw error;
    return refuse(reasonOf(error));
  }
}

/** The keys, or what is wrong with them. Pure. @throws {LaterFileError} */
export function parseKeys(text: string, path = "the file of keys"): ApiKey[] | string {
  let json: unknown;
  try {
    json = presentForm(path, JSON.parse(text), FIRST_FORM).json;
  } catch (error) {
    if (error instanceof LaterFileError) throw error;
    if (error instanceof TypeError) return "version: must be a number from 1";
    // The parser's message would repeat a part of the file.
    return "it is not JSON";
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join(".") || "the file"}: ${issue?.message}`;
  }
  const { keys } = parsed.data;
  for (const field of ["name", "key"] as const) {
    const at = keys.findIndex((key, index) =>
      keys.findIndex((other) => other[field] === key[field]) < index
    );
    if (at !== -1) return `keys.${at}.${field} is there twice`;
  }
  return keys;
}
