import { concat } from "uint8arrays/concat";
import { z } from "zod";
import { BadMessageError, byteStringOf, decodeCbor } from "../base/cbor.ts";
import { MAX_JOIN_MESSAGE_BYTES } from "../base/message_defaults.ts";
import type { NetworkStream } from "../link/network.ts";

const LENGTH_BYTES = 4;

/** Of a join all but the mesh is for the mesh itself to read. */
const helloStart = z.object({ mesh: byteStringOf(32) });

/** The mesh that a join is about, and the stream as if nobody had read of it. @throws {BadMessageError} */
export async function peekMesh(
  stream: NetworkStream,
): Promise<{ readonly meshKey: Uint8Array; readonly whole: NetworkStream }> {
  const seen = await readMessage(stream);
  const length = new DataView(seen.buffer, seen.byteOffset).getUint32(0);
  const body = seen.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  const { mesh } = decodeCbor(body, helloStart, "join");
  return { meshKey: mesh, whole: replayed(stream, seen) };
}

/** All that has come once the first message is whole. */
async function readMessage(stream: NetworkStream): Promise<Uint8Array> {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    if (seen.byteLength >= LENGTH_BYTES) {
      const length = new DataView(seen.buffer, seen.byteOffset).getUint32(0);
      if (length > MAX_JOIN_MESSAGE_BYTES) {
        throw new BadMessageError(`The join has ${length} bytes, more than are allowed`);
      }
      if (seen.byteLength >= LENGTH_BYTES + length) return seen;
    }
    const bytes = await stream.read();
    if (bytes === null) throw new BadMessageError("The stream ended before the join");
    seen = concat([seen, bytes]);
  }
}

function replayed(stream: NetworkStream, seen: Uint8Array): NetworkStream {
  let unread: Uint8Array | undefined = seen;
  return {
    ended: stream.ended,
    release: () => stream.release(),
    read: () => {
      const bytes = unread;
      unread = undefined;
      return bytes === undefined ? stream.read() : Promise.resolve(bytes);
    },
    recycle: (bytes) => bytes === seen ? undefined : stream.recycle(bytes),
    write: (bytes) => stream.write(bytes),
    closeWrite: () => stream.closeWrite(),
    reset: (reason) => stream.reset(reason),
  };
}
