import { asError } from "../../base/as_error.ts";
import { Deadline } from "../../base/deadline.ts";
import { LINGER_MS } from "./defaults.ts";
import type { PeerStream } from "./types.ts";

/** Resets the stream when the signal fires, until disposed: pending reads and writes then fail at once. */
export function resetOnAbort(stream: PeerStream, signal: AbortSignal): Disposable {
  const reset = () => stream.reset(asError(signal.reason));
  if (signal.aborted) reset();
  else signal.addEventListener("abort", reset, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", reset) };
}

/**
 * Ends a stream on which everything has been said: closes this side, then waits with `closed` for the
 * peer to close its own. After a half-close a reset does not reach the peer (measured with libp2p-quic 2.1.1), so a
 * peer that stays silent is not waited for longer than {@linkcode LINGER_MS}.
 */
export async function finish<T>(stream: PeerStream, closed: () => Promise<T>): Promise<T> {
  using deadline = new Deadline(LINGER_MS, "the peer did not close the stream after its end");
  using _resetting = resetOnAbort(stream, deadline.signal);
  await stream.closeWrite();
  return await closed();
}
