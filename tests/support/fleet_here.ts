/** Nodes in the test's own process, each with its part of the log: quick to start, many at once. */

import { endLibp2pLeaks } from "../mesh/leak_guard.ts";
import { configure, getLogger, reset } from "@logtape/logtape";
import { join } from "node:path";
import { jsonLine } from "../../src/cli/terminal/log_line.ts";
import type { Changes, ReadyNode, RunningNode } from "../../src/node/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import type { LoggedLine } from "./event_log.ts";
import { nodeHere } from "./node_here.ts";

export interface NodeOfFleet {
  readonly name: string;
  readonly ready: ReadyNode;
  readonly disk: readonly string[];
  readonly lines: readonly LoggedLine[];
}

/** Ends with its scope. */
export class Fleet implements AsyncDisposable {
  readonly #dir: Awaited<ReturnType<typeof tempDir>>;
  readonly #lines = new Map<string, LoggedLine[]>();
  readonly #running: RunningNode[] = [];

  static async open(): Promise<Fleet> {
    const fleet = new Fleet(await tempDir());
    await configure({
      sinks: {
        keep: (record) =>
          void fleet.#lines.get(record.category[1] ?? "")?.push(JSON.parse(jsonLine(record))),
      },
      loggers: [
        { category: "fleet", sinks: ["keep"], lowestLevel: "info" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
    return fleet;
  }

  private constructor(dir: Awaited<ReturnType<typeof tempDir>>) {
    this.#dir = dir;
  }

  /** Starts a node with copies of the guide under these names on its disk. */
  async start(
    name: string,
    disk: readonly string[],
    changes: Changes,
  ): Promise<NodeOfFleet> {
    const lines: LoggedLine[] = [];
    this.#lines.set(name, lines);
    const dataDir = join(this.#dir.path, name);
    const modelsDir = join(dataDir, "files");
    await Deno.mkdir(modelsDir, { recursive: true });
    for (const model of disk) await Deno.copyFile(GUIDE, join(modelsDir, `${model}.gguf`));
    const logger = getLogger(["fleet", name]);
    const node = await nodeHere(dataDir, { ...changes, name, models: { modelsDir } }, { logger });
    this.#running.push(node);
    return { name, ready: node.ready, disk, lines };
  }

  /** A model comes to the disk of a node that runs. */
  async bring(name: string, model: string): Promise<void> {
    const path = join(this.#dir.path, name, "files", `${model}.gguf`);
    await Deno.copyFile(GUIDE, `${path}.part`);
    await Deno.rename(`${path}.part`, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((node) => node.stop("the test is over")));
    await reset();
    await this.#dir[Symbol.asyncDispose]();
    endLibp2pLeaks();
  }
}

export function plansOf({ lines }: NodeOfFleet): LoggedLine[] {
  return lines.filter(({ event }) => event === "plan");
}
