import type { Pipe } from "./pipe.ts";

const LEFT = new WeakMap<Pipe, Uint8Array>();

/** The next bytes of exactly this length; what came with them stays for the next call. */
export async function readExactlyFrom(pipe: Pipe, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const chunk = LEFT.get(pipe) ?? await pipe.read();
    if (chunk === null) throw new Error(`The pipe ended after ${at} of ${length} bytes`);
    const part = chunk.subarray(0, length - at);
    bytes.set(part, at);
    at += part.length;
    if (part.length < chunk.length) LEFT.set(pipe, chunk.subarray(part.length));
    else LEFT.delete(pipe);
  }
  return bytes;
}
