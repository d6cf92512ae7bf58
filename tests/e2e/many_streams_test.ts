/** Many callers, and those that hang up, through a node's own gateway and through a client. */

import assert from "node:assert/strict";
import { cachedBallast } from "../support/ballast.ts";
import { endlessCompletion } from "../support/endless_completion.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { answerTo, nodeTest, QUESTION, startServing, until, warm } from "./mesh_of_nodes.ts";
import { streamedAnswer } from "./streamed_answer.ts";

const STREAMS = 200;

/** A heap that grows by new connections has its size after some of them, and none grows further. */
const WARM_UP_ROUNDS = 5;

/** Of each answer, and letters: the guide has a token for each. Some 5,000 in all keep a round short. */
const TOKENS = 24;

/** About 15 ms a token on one thread. */
const SLOW = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const SLOW_NAME = SLOW.replace(/^.*\//, "").replace(/\.gguf$/, "");

/** Of 600 streams: 53 KB each. */
const MAX_GROWTH_BYTES = 32e6;

const LOOKS = 5;

/** A host and a client of it: both gateways are asked. */
async function withGateways(
  model: string,
  name: string,
  test: (gateways: readonly NodeProcess[]) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using host = await startServing(["--model", model], { env });
  await host.serving(name);
  await using client = await startServing(["--client", "--join", host.token]);
  await until(client, "a warm model", warm(name));
  await test([host, client]);
}

async function residentBytes({ pid }: NodeProcess): Promise<number> {
  const command = new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${pid}`] });
  return Number(new TextDecoder().decode((await command.output()).stdout)) * 1_024;
}

nodeTest(
  `${STREAMS} streams at once come whole and in order, and their memory is given back`,
  () =>
    withGateways("guide", "guide", async (gateways) => {
      for (const gateway of gateways) {
        const round = async (tokens = TOKENS) => {
          const options = { model: "guide", question: QUESTION, at: Infinity, then: () => {} };
          const more = { max_tokens: tokens };
          const answers = await Promise.all(
            Array.from({ length: STREAMS }, () =>
              streamedAnswer(gateway.ready.api, { ...options, more })),
          );
          for (const { text, ids, finishReasons, ends } of answers) {
            assert.equal(text, answerTo(QUESTION).slice(0, tokens));
            assert.deepEqual([ids.size, finishReasons, ends], [1, ["length"], 1]);
          }
          return await residentBytes(gateway);
        };
        // The heap takes its size in the first rounds.
        for (let n = 0; n < WARM_UP_ROUNDS; n++) {
          await round(2);
        }
        await round();
        // glibc gives some of it back a round later; what leaks is there after each.
        const leastOfThree = async () =>
          Math.min(await round(), await round(), await round());
        // The heap may still take its size; what leaks grows from each look to the next.
        const seen = [await leastOfThree()];
        const growth = () => (seen.at(-1) ?? NaN) - (seen.at(-2) ?? -Infinity);
        while (seen.length < LOOKS && !(growth() < MAX_GROWTH_BYTES)) {
          seen.push(await leastOfThree());
        }
        assert.ok(growth() < MAX_GROWTH_BYTES, `${gateway.name}: ${seen.join(", ")} bytes`);
      }
    }),
);

nodeTest(
  "a caller that hangs up frees its slot, also across the tunnel",
  () =>
    withGateways(SLOW, SLOW_NAME, async (gateways) => {
      for (const gateway of gateways) {
        const response = await endlessCompletion(gateway.ready.api, SLOW_NAME);
        const reader = response.body!.getReader();
        const beganMs = performance.now();
        for (let piece = 0; piece < 20; piece++) await reader.read();
        const pieceMs = (performance.now() - beganMs) / 20;
        await reader.cancel();
        const hungUpMs = performance.now();
        const next = await endlessCompletion(gateway.ready.api, SLOW_NAME);
        const nextReader = next.body!.getReader();
        await nextReader.read();
        const waitedMs = performance.now() - hungUpMs;
        await nextReader.cancel();
        // The context has room for 2,000 tokens: a caller that waited for the first answer waited for most of them.
        assert.ok(waitedMs < 500 * pieceMs, `${waitedMs} ms at ${pieceMs} ms a piece`);
      }
    }, { LLAMA_ARG_N_PARALLEL: "1" }),
);
