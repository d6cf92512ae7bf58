import { endLibp2pLeaks } from "../mesh/leak_guard.ts";
import { configure, getLogger, reset } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { jsonLine } from "../../src/cli/log_line.ts";
import type { NodeConfig, ReadyNode, RunningNode } from "../../src/node/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { chat } from "../support/api_calls.ts";
import type { LoggedLine } from "../support/event_log.ts";
import { nodeHere } from "../support/node_here.ts";
import { answerTo, nodeTest, QUESTION, until } from "./mesh_of_nodes.ts";

/** What the founder wants; it serves the first. */
const WANTED = ["w", "x", "y", "z"];

/** What lies on the disks of those who join. */
const DISKS = [
  ...[["x"], ["x", "y"], ["y", "z"], WANTED, ["z"]],
  ...[["w"], ["x", "z"], ["y"], ["w", "y"], []],
];

nodeTest(
  "ten nodes that join at once share what is wanted, and none changes its mind",
  async () => {
    await using fleet = await Fleet.open();
    const founder = await fleet.start("founder", ["w"], { models: WANTED });
    await until(founder, "serving", ({ node }) => node.role === "host");
    const join = founder.ready.token;
    const joined = await Promise.all(
      DISKS.map((disk, index) => fleet.start(`${index} with ${disk}`, disk, { join })),
    );
    const all = [founder, ...joined];
    const serving = all.filter(({ disk }) => disk.length > 0);
    for (const node of all) {
      await until(node, "all instances", (seen) => warmOf(seen).length === serving.length);
    }
    for (const { ready } of all) {
      for (const model of WANTED) {
        assert.equal(await chat(ready.api, QUESTION, { model }), answerTo(QUESTION));
      }
    }
    for (const node of serving) checkMoves(node, node === founder);
    const idle = joined.filter(({ disk }) => disk.length === 0);
    assert.deepEqual(idle.flatMap(plansOf).map(({ model }) => model), [null]);
    checkShares(serving.map((node) => String(plansOf(node).at(-1)?.model)));
  },
);

/** Each took one model of its disk, said why, and kept it. */
function checkMoves(node: NodeOfFleet, isFounder: boolean): void {
  const moves = plansOf(node).filter(({ model }) => model !== null);
  assert.equal(moves.length, 1, JSON.stringify(moves));
  const [move] = moves;
  assert.ok(node.disk.includes(String(move?.model)), `${move?.message} by ${node.name}`);
  assert.equal(move?.automatic, !isFounder);
  const why = isFounder ? /^its user wants it$/ : /nobody serves it|fewer machines serve it/;
  assert.match(String(move?.reason), why);
}

/** Nothing is left out, and nothing is served by half of the mesh. */
function checkShares(models: readonly string[]): void {
  const counts = WANTED.map((name) => models.filter((model) => model === name).length);
  assert.ok(Math.min(...counts) >= 1 && Math.max(...counts) <= 4, `${WANTED}: ${counts}`);
}

function plansOf({ lines }: NodeOfFleet): LoggedLine[] {
  return lines.filter(({ event }) => event === "plan");
}

/** The models of instances that answer, each as often as it has some. */
function warmOf({ models }: Status): string[] {
  return models.filter(({ name }) => WANTED.includes(name)).flatMap(({ name, instances }) =>
    instances.filter(({ state }) => state === "warm").map(() => name)
  );
}

interface NodeOfFleet {
  readonly name: string;
  readonly ready: ReadyNode;
  readonly disk: readonly string[];
  readonly lines: readonly LoggedLine[];
}

/** Nodes in this process, each with its part of the log. */
class Fleet implements AsyncDisposable {
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

  async start(
    name: string,
    disk: readonly string[],
    config: Partial<NodeConfig>,
  ): Promise<NodeOfFleet> {
    const lines: LoggedLine[] = [];
    this.#lines.set(name, lines);
    const dataDir = join(this.#dir.path, name);
    const modelsDir = join(dataDir, "files");
    await Deno.mkdir(modelsDir, { recursive: true });
    for (const model of disk) await Deno.copyFile(GUIDE, join(modelsDir, `${model}.gguf`));
    const logger = getLogger(["fleet", name]);
    const node = await nodeHere(dataDir, { ...config, name, modelsDir }, { logger });
    this.#running.push(node);
    return { name, ready: node.ready, disk, lines };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((node) => node.stop("the test is over")));
    await reset();
    await this.#dir[Symbol.asyncDispose]();
    endLibp2pLeaks();
  }
}
