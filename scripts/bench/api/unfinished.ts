/** The cost for a node of callers that open a connection and never finish their request. */

import { RawHttp } from "../../../tests/api/raw_http.ts";
import { testBinDir } from "../../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../../tests/support/node_process.ts";
import { type Figure, median } from "../figures.ts";
import { Resident } from "../load/host.ts";
import { firstByteMs } from "../token_rate.ts";

const CALLERS = 10_000;

/** At a time: as many as a listener surely lets wait. */
const BATCH = 100;

const REQUESTS = 50;

const HEAD = ["POST /v1/chat/completions HTTP/1.1", "host: localhost"];
const UNFINISHED = [
  // Half of them stop within the head, half within the body.
  [...HEAD, "content-ty"].join("\r\n"),
  [...HEAD, "content-type: application/json", "content-length: 1000", "", "{"].join("\r\n"),
].map((text) => new TextEncoder().encode(text));

export async function unfinishedFigures(): Promise<Figure[]> {
  await using node = await startNode({
    args: ["--model", "guide", "--bin-dir", await testBinDir()],
  });
  await node.serving("guide");
  await answers(node);
  const resident = new Resident(node);
  const before = await resident.settled();
  await resident.peak();
  const callers: RawHttp[] = [];
  try {
    while (callers.length < CALLERS) {
      callers.push(...await Promise.all(Array.from({ length: BATCH }, (_, n) => open(node, n))));
    }
    const times = await answers(node);
    const peak = await resident.peak();
    callers.splice(0).forEach((caller) => caller[Symbol.dispose]());
    const after = await resident.settled();
    await answers(node);
    const what = `${CALLERS.toLocaleString("en")} callers that never finish their request`;
    return [
      {
        name: `${what}: each costs the host`,
        value: `${((peak - before) * 1_024 / CALLERS).toFixed(0)} KiB`,
      },
      {
        name: `${what}: first byte of others meanwhile (p50, failed)`,
        value: `${median(times).toFixed(1)} ms, 0 of ${REQUESTS}`,
      },
      {
        name: `${what}: growth a minute after they have gone`,
        value: `${(after - before).toFixed(0)} MiB`,
      },
    ];
  } finally {
    callers.forEach((caller) => caller[Symbol.dispose]());
  }
}

async function open({ ready }: NodeProcess, index: number): Promise<RawHttp> {
  const caller = await RawHttp.connect(ready.api);
  await caller.write(UNFINISHED[index % UNFINISHED.length]!);
  return caller;
}

/** Of other callers. @throws where one gets no answer. */
async function answers({ ready }: NodeProcess): Promise<number[]> {
  const times: number[] = [];
  while (times.length < REQUESTS) {
    times.push(await firstByteMs(ready.api, { model: "guide", tokens: 1 }));
  }
  return times;
}
