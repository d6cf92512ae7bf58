/** Standard output and standard error, written at once: what was printed is out when the process ends. */

/** Pause before a full, non-blocking pipe is tried again. Chosen by feel. */
const FULL_PIPE_PAUSE_MS = 5;

interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

export function printOut(text: string): void {
  writeAll(Deno.stdout, text);
}

export function printError(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(writer: SyncWriter, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writer.writeSync(rest));
    } catch (error) {
      // Nobody reads any more (`mesh-llm | head`, a closed terminal): a node goes on without its log.
      if (!(error instanceof Deno.errors.WouldBlock)) return;
      // A parent made the pipe non-blocking, as Node does with the ones it inherits, and it is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS);
    }
  }
}
