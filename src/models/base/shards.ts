import { basename, dirname, join } from "node:path";

const EXTENSION = ".gguf";
const SHARD = /^(.+)-(\d{5})-of-(\d{5})$/;

/** The parts of a file's name that describe the model in it. */
export interface ShardName {
  readonly model: string;
  /** From 1, as in file names. */
  readonly index: number;
  readonly count: number;
}

export function isGgufName(fileName: string): boolean {
  return fileName.endsWith(EXTENSION) && fileName.length > EXTENSION.length;
}

/** A model's name is its file's stem without the shard suffix: docs/architecture.md. */
export function shardName(path: string): ShardName {
  const stem = basename(path, EXTENSION);
  const [, model, index, count] = SHARD.exec(stem) ?? [];
  if (model === undefined) return { model: composed(stem), index: 1, count: 1 };
  return { model: composed(model), index: Number(index), count: Number(count) };
}

/** A disk of macOS gives `ü` as two characters, a keyboard as one. */
function composed(name: string): string {
  return name.normalize("NFC");
}

/** The files of the model that one of them belongs to, in order and one by one: a name may claim 99,999 shards, and the first that is missing ends the look. */
export function* eachShardPath(path: string): Generator<string> {
  const [, stem, , countText] = SHARD.exec(basename(path, EXTENSION)) ?? [];
  if (stem === undefined) return yield path;
  const count = Number(countText);
  const padded = (number: number) => String(number).padStart(5, "0");
  const folder = dirname(path);
  for (let index = 1; index <= count; index++) {
    yield join(folder, `${stem}-${padded(index)}-of-${padded(count)}${EXTENSION}`);
  }
}
