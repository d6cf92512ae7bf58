import { systemWords } from "../../base/system_error.ts";
import { ModelsDirError } from "../base/errors.ts";

/**
 * A folder that the user names must exist: a mistyped one would be empty for ever, and take downloads to a place where
 * nobody looks for them. @throws {ModelsDirError}
 */
export async function checkModelsDir(path: string | null): Promise<void> {
  if (path === null) return;
  try {
    const { isDirectory } = await Deno.stat(path);
    if (!isDirectory) throw new ModelsDirError(path, "it is not a folder");
    for await (const _ of Deno.readDir(path)) break;
  } catch (error) {
    if (error instanceof ModelsDirError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new ModelsDirError(
        path,
        `there is no such folder; check its name, or make it with mkdir -p`,
      );
    }
    throw new ModelsDirError(path, `it can't be read: ${systemWords(error)}`);
  }
}
