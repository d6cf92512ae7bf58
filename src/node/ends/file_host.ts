/** This node's end of `/mesh-llm/file/1`: members fetch the models that it has announced. */

import { asError } from "../../base/as_error.ts";
import { createHash } from "node:crypto";
import type { Logger } from "@logtape/logtape";
import type { ByteStream } from "../../mesh/mod.ts";
import type { LocalModel } from "../../models/mod.ts";
import { FILE_READ_BYTES, FILE_SILENCE_MS } from "../plan/defaults.ts";
import { type FileQuestion, NO, readQuestion, YES } from "./file_wire.ts";

const MAGIC = new TextEncoder().encode("GGUF");

export interface FileHostOptions {
  readonly models: () => readonly LocalModel[];
  readonly logger: Logger;
}

/** Answers one question. The peer's words are looked up among the models that are announced, never used as a path. */
export async function handleFile(
  stream: ByteStream,
  peer: string,
  { models, logger }: FileHostOptions,
): Promise<void> {
  const timer = setTimeout(
    () => stream.reset(new Error("No question was asked in time")),
    FILE_SILENCE_MS,
  );
  try {
    const question = await readQuestion(stream);
    clearTimeout(timer);
    const path = question === undefined ? undefined : pathOf(question, models());
    if (question === undefined || path === undefined) await stream.write(Uint8Array.of(NO));
    else await answer(stream, question, path);
    await stream.closeWrite();
  } catch (error) {
    stream.reset(asError(error));
    logger.debug("Could not send a part of a model to {peer}: {error}", { peer, error });
  } finally {
    clearTimeout(timer);
  }
}

function pathOf({ fingerprint, shard }: FileQuestion, models: readonly LocalModel[]) {
  return models.find((model) => model.fingerprint === fingerprint)?.shards[shard];
}

/**
 * Asked of the very file that is sent: who else writes to a folder of models could put a link to another file of this user
 * into the place of one that is announced.
 */
async function isGguf(file: Deno.FsFile): Promise<boolean> {
  const start = new Uint8Array(MAGIC.length);
  await file.read(start);
  return start.every((byte, index) => byte === MAGIC[index]);
}

async function answer(
  stream: ByteStream,
  { offset, length, want }: FileQuestion,
  path: string,
): Promise<void> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (offset + length > size || !await isGguf(file)) {
    return await stream.write(Uint8Array.of(NO));
  }
  await stream.write(Uint8Array.of(YES));
  await file.seek(offset, Deno.SeekMode.Start);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(length, FILE_READ_BYTES));
  for (let rest = length; rest > 0;) {
    const read = await file.read(buffer.subarray(0, rest));
    if (read === null) throw new Error("The file became shorter while it was sent");
    rest -= read;
    if (want === "bytes") await stream.write(buffer.subarray(0, read));
    else hash.update(buffer.subarray(0, read));
  }
  if (want === "digest") await stream.write(new Uint8Array(hash.digest()));
}
