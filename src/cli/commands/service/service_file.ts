/** The file that makes a service: this program writes and removes only its own. */

import { writeWhole } from "../../../base/atomic_file.ts";
import { systemWords } from "../../../base/system_error.ts";
import { unlessMissing } from "../../../base/unless_missing.ts";
import { ServiceError } from "../../base/service_error.ts";
import { MADE_BY } from "./plan.ts";

/** Everybody may read it, as all files of services: there is no secret in it. */
const MODE = 0o644;

export class ServiceFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** `null` where there is none. @throws {ServiceError} where it is somebody else's */
  async read(): Promise<string | null> {
    const text = await unlessMissing(Deno.readTextFile(this.path)).catch((cause) => {
      throw new ServiceError(`Cannot read ${this.path}: ${systemWords(cause)}`, { cause });
    });
    if (text === undefined) return null;
    if (text.includes(MADE_BY)) return text;
    throw new ServiceError(
      `${this.path} is there, and mesh-llm service install has not made it: move it away, or manage that service by hand`,
    );
  }

  /** @throws {ServiceError} */
  async write(text: string): Promise<void> {
    await writeWhole(this.path, text, { mode: MODE }).catch((cause) => {
      throw new ServiceError(`Cannot write ${this.path}: ${systemWords(cause)}`, { cause });
    });
    // This program's files are for its user only, and a service manager may be another one.
    await Deno.chmod(this.path, MODE);
  }

  /** As it was before a change that failed. */
  async restore(text: string | null): Promise<void> {
    if (text === null) await this.remove();
    else await this.write(text);
  }

  /** @throws {ServiceError} */
  async remove(): Promise<void> {
    await unlessMissing(Deno.remove(this.path)).catch((cause) => {
      throw new ServiceError(`Cannot remove ${this.path}: ${systemWords(cause)}`, { cause });
    });
  }
}
