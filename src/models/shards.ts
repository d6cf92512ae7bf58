import { basename, dirname, join } from "node:path";

const EXTENSION = ".gguf";
const SHARD = /^(.+)-(\d{5})-of-(\d{5})$/;

/** What a file's name says of the model in it. */
export interface ShardName {
  readonly model: string;
  /** From 1, as in file names. */
  readonly index: number;
  readonly count: number;
}

export function isGgufName(fileName: string): boolean {
  return fileName.endsWith(EXTENSION) && fileName.length > EXTENSION.length;
}

/** A model's name is its file's stem without the shard suffix: design.md 1. */
export function shardName(path: string): ShardName {
  const stem = basename(path, EXTENSION);
  const [, model, index, count] = SHARD.exec(stem) ?? [];
  if (model === undefined) return { model: stem, index: 1, count: 1 };
  return { model, index: Number(index), count: Number(count) };
}

/** The files of the model that one of them belongs to, in order and one by one: a name may claim 99,999 shards, and the first that is missing ends the look. */
export function* eachShardPath(path: string): Generator<string> {
  const { model, count } = shardName(path);
  if (!SHARD.test(basename(path, EXTENSION))) return yield path;
  const padded = (number: number) => String(number).padStart(5, "0");
  const folder = dirname(path);
  for (let index = 1; index <= count; index++) {
    yield join(folder, `${model}-${padded(index)}-of-${padded(count)}${EXTENSION}`);
  }
}

const NAME = /^[A-Za-z0-9][\w.:/-]{0,127}$/;

/** Whether other nodes accept it as a model's name: design.md 7. */
export function isModelName(name: string): boolean {
  return NAME.test(name) && !name.includes("..");
}
