import assert from "node:assert/strict";
import { STOP_GRACE_MS } from "../../../src/engine/base/defaults.ts";
import { scripted } from "../scripted.ts";
import { solo, stateOf, supervising } from "../supervising.ts";
import { tempDir } from "../temp_dir.ts";

Deno.test("a child that is deaf to SIGTERM is killed", async () => {
  await using dir = await tempDir();
  const engine = await scripted(
    dir.path,
    "trap '' TERM; echo .......... >&2; while :; do sleep 0.1; done",
  );
  await using parts = await supervising(engine);
  const server = parts.supervisor.launch(solo, { restart: true });
  const { promise: runs, resolve } = Promise.withResolvers<void>();
  server.subscribe(() => server.progress === 0.1 && resolve());
  await runs; // it has said so, in the way that llama.cpp tells how much is loaded
  const startMs = performance.now();
  await server.stop();
  assert(performance.now() - startMs >= STOP_GRACE_MS - 1, "it was given time");
  assert.equal(server.state.kind, "stopped");
});

Deno.test("stop() during a backoff starts nothing more", async () => {
  await using dir = await tempDir();
  await using parts = await supervising(await scripted(dir.path, "exit 3"));
  const server = parts.supervisor.launch(solo, { restart: true });
  assert.equal((await stateOf(server, "failed")).exitCode, 3);
  await server.stop();
  assert.equal(server.state.kind, "stopped");
});

Deno.test("ready() ends with the signal's reason, and the server goes on", async () => {
  await using dir = await tempDir();
  await using parts = await supervising(await scripted(dir.path, "exec sleep 60"));
  const server = parts.supervisor.launch(solo, { restart: true });
  const abort = new AbortController();
  const waiting = server.ready(abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.equal(server.state.kind, "starting");
});

Deno.test("a listener that throws does not keep a server from its next state", async () => {
  await using dir = await tempDir();
  await using parts = await supervising(await scripted(dir.path, "exit 3"));
  const server = parts.supervisor.launch(solo, { restart: false });
  server.subscribe(() => {
    throw new Error("a bug elsewhere");
  });
  await stateOf(server, "failed");
});

Deno.test("launch() after stop() is refused", async () => {
  await using dir = await tempDir();
  await using parts = await supervising(await scripted(dir.path, "exit 3"));
  await parts.supervisor.stop();
  assert.throws(() => parts.supervisor.launch(solo, { restart: false }), /the node is stopping/);
});
