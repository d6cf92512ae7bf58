import assert from "node:assert/strict";
import { SIGNAL_ECHO_MS } from "../../../src/cli/base/defaults.ts";
import { ProcessEvents } from "../../../src/cli/terminal/process_events.ts";

/** Resolves when this process has received the signal, after the listeners that were there before. */
async function raise(signal: Deno.Signal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A signal listener alone does not keep Deno waiting.
  const patience = setTimeout(() => {}, 10_000);
  Deno.addSignalListener(signal, resolve);
  Deno.kill(Deno.pid, signal);
  await promise;
  Deno.removeSignalListener(signal, resolve);
  clearTimeout(patience);
}

Deno.test("the first signal is the cause to stop", async () => {
  using events = new ProcessEvents({ hangups: true, onImpatience: () => assert.fail() });
  await raise("SIGHUP");
  assert.deepEqual(await events.cause, { kind: "signal", signal: "SIGHUP" });
});

Deno.test("a second signal is impatience, unless it is the echo of the first", async () => {
  let timeMs = 0;
  let impatience = 0;
  using events = new ProcessEvents({
    hangups: false,
    onImpatience: () => impatience++,
    now: () => timeMs,
  });
  await raise("SIGTERM");
  timeMs = SIGNAL_ECHO_MS;
  await raise("SIGTERM");
  assert.equal(impatience, 0);
  timeMs = SIGNAL_ECHO_MS + 1;
  await raise("SIGTERM");
  assert.equal(impatience, 1);
  assert.deepEqual(await events.cause, { kind: "signal", signal: "SIGTERM" });
});

Deno.test("an error that nobody caught is a cause to stop in order", async () => {
  using events = new ProcessEvents({ hangups: false, onImpatience: () => assert.fail() });
  const error = new Error("lost");
  const event = new ErrorEvent("error", { error, cancelable: true });
  dispatchEvent(event);
  assert.equal(event.defaultPrevented, true);
  assert.deepEqual(await events.cause, { kind: "failure", error });
});
