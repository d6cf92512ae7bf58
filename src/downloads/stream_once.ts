import { writeAll } from "../base/write_all.ts";
import type { Origin } from "./origin.ts";
import type { PartFile } from "./part_file.ts";
import { FatalSourceError, type TransferOptions } from "./types.ts";

/** Writes what is missing of a file that its server sends only as a whole. */
export async function streamOnce(
  origin: Origin,
  part: PartFile,
  { signal, onBytes, checkSpace }: Pick<TransferOptions, "signal" | "onBytes" | "checkSpace">,
): Promise<void> {
  using file = await part.writerAt(0);
  const chunks = part.chunks;
  const missing = new Set(part.missing.map(({ index }) => index));
  let [position, at, unconfirmed] = [0, 0, 0];
  try {
    for await (const bytes of origin.readAll(signal)) {
      let rest = bytes;
      for (let chunk = chunks[at]; chunk !== undefined && rest.length > 0; chunk = chunks[at]) {
        const isMissing = missing.has(chunk.index);
        if (position === chunk.offset && isMissing) {
          await checkSpace(chunk.length);
          await file.seek(position, Deno.SeekMode.Start);
        }
        const wanted = rest.subarray(0, chunk.offset + chunk.length - position);
        rest = rest.subarray(wanted.length);
        position += wanted.length;
        if (isMissing) {
          await writeAll(file, wanted);
          unconfirmed += wanted.length;
          onBytes(wanted.length);
        }
        if (position < chunk.offset + chunk.length) continue;
        if (isMissing) {
          await file.syncData();
          await part.done(chunk, origin.name);
        }
        [at, unconfirmed] = [at + 1, 0];
      }
      if (rest.length > 0) {
        throw new FatalSourceError("The file is longer there than it should be");
      }
    }
  } finally {
    onBytes(-unconfirmed);
  }
}
