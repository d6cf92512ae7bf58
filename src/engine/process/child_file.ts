import { join } from "node:path";
import { writeWhole } from "../../base/atomic_file.ts";
import { parseJson } from "../../base/json.ts";
import type { ProcessIdentity } from "./process_identity.ts";

export interface ChildRecord extends ProcessIdentity {
  readonly name: string;
}

export function childFilePath(dataDir: string): string {
  return join(dataDir, "children.json");
}

/** The children that run now, on disk, so that the next run knows those that this one left behind. */
export class ChildFile {
  readonly #path: string;
  readonly #children = new Map<number, ChildRecord>();
  #writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string) {
    this.#path = childFilePath(dataDir);
  }

  add(child: ChildRecord): Promise<void> {
    this.#children.set(child.pid, child);
    return this.#write();
  }

  remove(pid: number): Promise<void> {
    return this.#children.delete(pid) ? this.#write() : this.#writing;
  }

  /** One write after another, each whole or not at all. */
  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() =>
      writeWhole(this.#path, JSON.stringify({ children: [...this.#children.values()] }))
    );
    return this.#writing;
  }
}

/** Reads the file of an earlier run; what is no record of a child is left out. */
export function parseChildFile(text: string): ChildRecord[] {
  const { children } = Object(parseJson(text));
  return Array.isArray(children) ? children.filter(isChildRecord) : [];
}

function isChildRecord(value: unknown): value is ChildRecord {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTime, name } = value as Record<keyof ChildRecord, unknown>;
  return typeof pid === "number" && Number.isSafeInteger(pid) && pid > 1 &&
    typeof startTime === "string" && typeof name === "string";
}
