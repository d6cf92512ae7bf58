import type { ByteStream } from "../../../src/mesh/base/byte_stream.ts";

export async function readAll(stream: Pick<ByteStream, "read">): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    chunks.push(bytes);
  }
  return join(chunks);
}

/** Reads until that many bytes have come. */
export async function readBytes(
  stream: Pick<ByteStream, "read">,
  count: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let got = 0; got < count;) {
    const bytes = await stream.read();
    if (bytes === null) throw new Error(`The stream ended after ${got} of ${count} bytes`);
    chunks.push(bytes);
    got += bytes.length;
  }
  return join(chunks);
}

export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
