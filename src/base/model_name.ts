/** Characters, as JavaScript counts them. A file's name has at most 255 bytes on most disks. */
export const MAX_MODEL_NAME_CHARS = 200;

/**
 * Names become parts of paths, URLs, arguments and lines of a log, so what is refused is what means something there:
 * control characters and those that steer the direction of text, backslashes, `..`, slashes without a word at either side,
 * and what would begin a hidden file, a home folder or an option. All letters of all languages are fine. Records that are
 * keyed by names, as demand is, lose a `__proto__` wherever they are read.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]|\.\.|\/\/|^[./~\s-]|[/\s]$/u;

/** Whether members of a mesh accept it as a model's name. */
export function isModelName(name: string): boolean {
  return name !== "" && name.length <= MAX_MODEL_NAME_CHARS && !UNSAFE.test(name) &&
    name !== "__proto__";
}

/** The model's name for llama-server: a comma would make two names of it. */
export function aliasOf(name: string): string {
  return name.replaceAll(",", ";");
}
