/**
 * Import this before anything that starts libp2p, so that Deno's leak checks see our own leaks only:
 * - libp2p's peer store makes one lock for the whole process with a BroadcastChannel inside;
 * - libp2p limits its own steps by `AbortSignal.timeout`, whose timers run on after the step;
 * - its address manager looks at the addresses once more, a second after the listeners have closed.
 */
import { createLibp2p } from "libp2p";

const timers = new Set<ReturnType<typeof setTimeout>>();

AbortSignal.timeout = (ms: number): AbortSignal => {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    timers.delete(timer);
    controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
  }, ms);
  timers.add(timer);
  return controller.signal;
};

const first = await createLibp2p();
await first.handle("/warm-up/1", () => {});
await first.stop();

/** A little more than the second that the address manager takes. */
const LAST_LOOK_MS = 1_100;

/** Ends what libp2p leaves behind; call it when the nodes of a test are stopped. */
export async function endLibp2pLeaks(): Promise<void> {
  for (const timer of timers) clearTimeout(timer);
  timers.clear();
  const over = Promise.withResolvers<void>();
  setTimeout(over.resolve, LAST_LOOK_MS);
  await over.promise;
}
