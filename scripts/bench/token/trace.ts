/** One token through both ends of the tunnel: what each end did for it. */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { temporaryFolder } from "../../../tests/support/program.ts";
import { markdownTable } from "../figures.ts";
import { workOf, workSince } from "./threads.ts";
import type { Trace } from "./traced_main.ts";
import { meshWay, type Place } from "./ways.ts";

/** The counts of a node at one moment. */
interface Moment {
  readonly calls: Trace;
  readonly work: Awaited<ReturnType<typeof workOf>>;
  /** RPC requests by command. */
  readonly frames: Readonly<Record<string, number>>;
}

export async function traceToken(place: Place, tokens: number): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const { host, worker, tokenMs } = await meshWay(place, stack, folder.path);
  await tokenMs(tokens);
  const sides = [["host", host as NodeProcess], ["worker", worker as NodeProcess]] as const;
  const look = () =>
    Promise.all(sides.map(([side, node]) => momentOf(node, join(folder.path, side), place)));
  const before = await look();
  await tokenMs(tokens);
  const after = await look();
  return sides.map(([side], index) =>
    `One token at the ${side}:\n\n${tableOf(before[index]!, after[index]!, tokens)}`
  ).join("\n\n");
}

async function momentOf(node: NodeProcess, path: string, place: Place): Promise<Moment> {
  await Deno.remove(path).catch(() => {});
  const work = await workOf(node.pid);
  node.kill("SIGUSR2");
  let text: string | undefined;
  while (text === undefined) {
    await delay(20);
    text = await Deno.readTextFile(path).catch(() => undefined);
  }
  return { calls: JSON.parse(text), work, frames: await framesOf(node, place) };
}

/** Its console listens in the node's namespace; a node that serves others' RPC counts its peer's frames, the other none. */
async function framesOf(node: NodeProcess, { link }: Place): Promise<Record<string, number>> {
  const space = node.name === "host" ? link.near : link.far;
  const { stdout } = await new Deno.Command("ip", {
    args: ["netns", "exec", space, "curl", "-s", `${node.ready.console}/api/status`],
  }).output();
  const { tunnels } = JSON.parse(new TextDecoder().decode(stdout));
  return tunnels.find((one: { kind: string }) => one.kind === "rpc")?.rpc?.frames ?? {};
}

function tableOf(before: Moment, after: Moment, tokens: number): string {
  const rows = Object.entries(after.calls).map(([name, { count, bytes, callMs }]) => {
    const was = before.calls[name]!;
    const per = (value: number, past: number) => ((value - past) / tokens).toFixed(2);
    return [
      name,
      per(count, was.count),
      `${per(bytes, was.bytes)} bytes, ${per(1_000 * callMs, 1_000 * was.callMs)} us in the calls`,
    ];
  });
  for (const [kind, { cpuMs, sleeps }] of workSince(before.work, after.work, tokens)) {
    if (cpuMs < 0.005 && sleeps < 0.05) continue;
    rows.push([`thread ${kind}: sleeps`, sleeps.toFixed(2), `${cpuMs.toFixed(3)} ms of CPU`]);
  }
  for (const [command, count] of Object.entries(after.frames)) {
    const per = (count - (before.frames[command] ?? 0)) / tokens;
    if (per > 0.05) rows.push([`frames ${command}`, per.toFixed(2), ""]);
  }
  return markdownTable(["what", "times", "of it"], rows);
}
