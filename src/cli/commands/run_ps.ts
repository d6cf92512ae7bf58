/** `mesh-llm ps`: the models that run, or are about to, one row for each instance. */

import type { InstanceStatus, ModelStatus, Status } from "../../api/mod.ts";
import { jsonText, printable, printableAll } from "../../base/printable.ts";
import { formatBytes, shortId, shownWord, table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { RunsCommand } from "../config/command.ts";

export async function runPs({ dataDir, json }: RunsCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  // The node that answers is this program; its contract is docs/management-api.md.
  const status = await node.get("/api/status") as Status;
  const { requests } = await node.get("/api/requests") as { requests: readonly AskedModel[] };
  const running = runningOf(status, requests);
  printOut(json ? jsonText(running, { indent: 2 }) : runningText(running, Date.now()));
  return 0;
}

/** Of a finished request. */
export interface AskedModel {
  readonly time: string;
  readonly model: string;
}

/** One instance of a model, as `--json` gives it. */
export interface RunningModel {
  readonly model: string;
  /** Names; the first is the host. */
  readonly machines: readonly string[];
  readonly state: InstanceStatus["state"];
  /** Fraction loaded, where this node knows it. */
  readonly progress: number | null;
  /** Tokens that prompt and answer may have together. */
  readonly contextLength: number | null;
  /** Requests that are answered at one time; a host of an earlier version does not say it. */
  readonly slots: number | null;
  /** Of one request, as this node has measured it; `null` where it has passed on no answer. */
  readonly tokensPerSecond: number | null;
  /** By machine and device. */
  readonly memory: readonly {
    readonly machine: string;
    readonly device: string;
    readonly bytes: number;
  }[];
  /** ISO time of the last request that this node has passed on; `null` where it knows of none. */
  readonly lastAsked: string | null;
}

export function runningOf(
  status: Status,
  requests: readonly AskedModel[],
): readonly RunningModel[] {
  const { node, peers, models } = status;
  const machines = [node, ...peers];
  const nameOf = (id: string) => {
    const { name = "" } = machines.find((one) => one.id === id) ?? {};
    return name || shortId(id);
  };
  const memoryOf = (model: ModelStatus, { host }: InstanceStatus) =>
    machines.flatMap(({ id, serving }) =>
      serving.filter((part) => part.model === model.id && part.host === host)
        .flatMap(({ reservedBytes }) =>
          Object.entries(reservedBytes).map(([device, bytes]) => ({
            machine: nameOf(id),
            device,
            bytes,
          }))
        )
    );
  return models.flatMap((model) =>
    model.instances.map((instance) => ({
      model: model.id,
      machines: [instance.host, ...instance.workers.map(({ id }) => id)].map(nameOf),
      state: instance.state,
      progress: instance.progress ?? null,
      contextLength: instance.contextLength,
      slots: instance.slots ?? null,
      tokensPerSecond: instance.measuredTokensPerSecond ?? null,
      memory: memoryOf(model, instance),
      lastAsked: lastAsked(model, requests),
    }))
  );
}

function lastAsked({ id, name }: ModelStatus, requests: readonly AskedModel[]): string | null {
  const times = requests.filter(({ model }) => model === id || model === name)
    .map(({ time }) => time);
  return times.sort().at(-1) ?? null;
}

export function runningText(told: readonly RunningModel[], nowMs: number): string {
  const running = printableAll(told);
  if (running.length === 0) {
    return "Nothing runs: mesh-llm serve NAME loads a model, and mesh-llm models lists them\n";
  }
  const isSplit = running.some(({ machines }) => machines.length > 1);
  return table([
    [
      "MODEL",
      isSplit ? "MACHINES" : "MACHINE",
      "STATE",
      "CONTEXT",
      "SLOTS",
      "TOKENS/S",
      "MEMORY",
      "ASKED",
    ],
    ...running.map((one) => [
      one.model,
      one.machines.join(" + "),
      shownWord(one.state) + percentText(one.progress),
      String(one.contextLength ?? "-"),
      String(one.slots ?? "-"),
      String(one.tokensPerSecond ?? "-"),
      memoryText(one),
      agoText(one.lastAsked, nowMs),
    ]),
  ]);
}

function percentText(progress: number | null): string {
  return progress === null ? "" : ` ${Math.floor(100 * progress)} %`;
}

/** The machine is named where there is more than one. */
function memoryText({ memory, machines }: RunningModel): string {
  const parts = memory.map(({ machine, device, bytes }) => {
    const place = machines.length > 1 ? `${machine} ${device}` : device;
    return `${formatBytes(bytes)} of ${printable(place)}`;
  });
  return parts.join(", ") || "-";
}

/** In the largest unit that counts. */
function agoText(time: string | null, nowMs: number): string {
  if (time === null) return "-";
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(time)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
