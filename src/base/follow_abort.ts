/**
 * Aborts the controller with the signal. `AbortSignal.any` does it too, by way of the garbage collector, and costs a
 * request some ten times as much.
 */
export function followAbort(signal: AbortSignal, controller: AbortController): void {
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true, signal: controller.signal });
}
