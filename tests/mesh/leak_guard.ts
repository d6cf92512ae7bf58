/**
 * Import this before anything that starts libp2p, so that Deno's leak checks see our own leaks only:
 * - libp2p's peer store makes one lock for the whole process with a BroadcastChannel inside;
 * - libp2p limits its own steps by `AbortSignal.timeout`, whose timers run on after the step;
 * - its address manager looks at the addresses once more, a second after the listeners have closed, which on
 *   a busy machine is after the test: that look is left out, for nobody here asks libp2p for its own addresses;
 * - its queues tell a moment later that they are empty.
 */
import { createLibp2p } from "libp2p";

type Timer = ReturnType<typeof setTimeout>;

const timers = new Set<Timer>();
const startTimer = globalThis.setTimeout;

/** The place at which the address manager starts its timer, and the queues theirs. */
const LATE_LOOK = /\/address-manager\//;
const QUEUES = /\/(debounce\.|it-queue\/)/;

/** No timer has it. */
const NEVER = 0 as unknown as Timer;

function keepForCleanUp(timer: Timer): Timer {
  timers.add(timer);
  return timer;
}

AbortSignal.timeout = (ms: number): AbortSignal => {
  const controller = new AbortController();
  const expire = () => controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
  keepForCleanUp(startTimer(expire, ms));
  return controller.signal;
};

globalThis.setTimeout = ((...args: Parameters<typeof startTimer>): Timer => {
  const stack = new Error().stack ?? "";
  if (LATE_LOOK.test(stack)) return NEVER;
  const timer = startTimer(...args);
  return QUEUES.test(stack) ? keepForCleanUp(timer) : timer;
}) as typeof startTimer;

const first = await createLibp2p();
await first.handle("/warm-up/1", () => {});
await first.stop();

/** Ends what libp2p leaves behind; call it when the nodes of a test are stopped. */
export function endLibp2pLeaks(): void {
  for (const timer of timers) clearTimeout(timer);
  timers.clear();
}
