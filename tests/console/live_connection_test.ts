import assert from "node:assert/strict";
import { ApiError } from "../../console/src/lib/api_error.ts";
import { LiveConnection, reconnectDelayMs } from "../../console/src/lib/live_connection.ts";
import type { LiveEvent } from "../../console/src/lib/live_state.ts";
import { status } from "../support/console_status.ts";

Deno.test("reconnectDelayMs() doubles from half a second to five", () => {
  const delays = [1, 2, 3, 4, 5, 50].map(reconnectDelayMs);
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 5000, 5000]);
});

/** A server whose answers a test chooses, and a connection that follows it. */
function follow(answer: () => Response) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const seen: LiveEvent[] = [];
  let onSeen = () => {};
  const connection = new LiveConnection({
    openEvents: () => new EventSource(url),
    probeNode: async (signal) => {
      const response = await fetch(url, { signal });
      const message = await response.text();
      if (!response.ok) throw new ApiError(message, response.status);
    },
    onEvent: (event) => {
      seen.push(event);
      onSeen();
    },
    now: () => 7,
  });
  return {
    connection,
    seen,
    /** Resolves once such an event has been seen. */
    until: (matches: (event: LiveEvent) => boolean) =>
      new Promise<void>((resolve) => {
        onSeen = () => seen.some(matches) && resolve();
        onSeen();
      }),
    async [Symbol.asyncDispose]() {
      connection.stop();
      await server.shutdown();
    },
  };
}

function eventStream(...events: [name: string, data: unknown][]): Response {
  const text = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return new Response(text.join(""), { headers: { "content-type": "text/event-stream" } });
}

Deno.test("LiveConnection passes on what the node tells, and leaves what it does not know", async () => {
  const progress = { task: "load", model: "guide", fraction: 0.5 };
  await using live = follow(() =>
    eventStream(["later", {}], ["status", status()], ["progress", progress])
  );
  live.connection.connect();
  await live.until(({ type }) => type === "progress");
  assert.deepEqual(live.seen.map(({ type }) => type), ["opened", "status", "progress"]);
  assert.deepEqual(live.seen.at(-1), { type: "progress", ...progress, atMs: 7 });
});

Deno.test("LiveConnection says why it was refused, and connects again by itself", async () => {
  let refuses = true;
  await using live = follow(() =>
    refuses ? new Response("This node wants a key", { status: 401 }) : eventStream()
  );
  live.connection.connect();
  await live.until((event) => event.type === "lost" && event.problem === "This node wants a key");
  assert.deepEqual(live.seen[0], {
    type: "lost",
    atMs: 7,
    problem: null,
    needsKey: false,
  });
  assert.ok(live.seen.some((event) => event.type === "lost" && event.needsKey));
  refuses = false;
  await live.until(({ type }) => type === "opened");
});
