/**
 * JSON files that outlive this version of the program: each says in which form it is. A file that does not say it is in the
 * first, as all were that earlier versions wrote.
 */

import { writeWhole } from "./atomic_file.ts";
import { unlessMissing } from "./unless_missing.ts";

/** A later version of this program has written it, and this one would lose what it does not know. */
export class LaterFileError extends Error {
  override name = "LaterFileError";
  constructor(path: string, found: number, known: number) {
    super(
      `Cannot use ${path}: a later version of mesh-llm has written it (its form is ${found}, and this ` +
        `version knows ${known}). Update mesh-llm, or name another data directory with --data-dir`,
    );
  }
}

/** From each form to the next: the first makes form 2 of form 1. */
export type FormSteps = readonly ((json: Fields) => Fields)[];

export type Fields = Readonly<Record<string, unknown>>;

/** A form that has never changed. */
export const FIRST_FORM: FormSteps = [];

export interface KeptForm<T> {
  readonly steps: FormSteps;
  /** Reads the present form. @throws where it makes no sense */
  readonly parse: (json: unknown) => T;
}

/**
 * The content in the present form, and the form that it had. Pure.
 * @throws {LaterFileError}
 */
export function presentForm(
  path: string,
  json: unknown,
  steps: FormSteps,
): { readonly json: unknown; readonly found: number } {
  const known = steps.length + 1;
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { json, found: known };
  }
  const { version = 1, ...fields } = json as Fields;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(`The version of ${path} is none: ${JSON.stringify(version)}`);
  }
  if (version > known) throw new LaterFileError(path, version, known);
  const present = steps.slice(version - 1).reduce((form, step) => step(form), fields as Fields);
  return { json: present, found: version };
}

/** The text of a file in the present form. */
export function keptText(fields: Fields, steps: FormSteps = FIRST_FORM): string {
  return JSON.stringify({ version: steps.length + 1, ...fields }, null, 2);
}

/** The name under which a file of an earlier form stays beside the one that was made of it. */
export function formerPath(path: string, form: number): string {
  return `${path}.v${form}`;
}

/**
 * `undefined` where there is no such file. One of an earlier form is kept beside it, and written anew once it is known to
 * make sense: whatever ends this in between, one of the two is whole.
 * @throws {LaterFileError}, what `parse` throws, and what the disk says
 */
export async function readKept<T>(
  path: string,
  { steps, parse }: KeptForm<T>,
): Promise<T | undefined> {
  const text = await unlessMissing(Deno.readTextFile(path));
  if (text === undefined) return undefined;
  const { json, found } = presentForm(path, JSON.parse(text), steps);
  const content = parse(json);
  if (found <= steps.length) {
    await writeWhole(formerPath(path, found), text, { sync: true });
    await writeWhole(path, keptText(json as Fields, steps), { sync: true });
  }
  return content;
}
