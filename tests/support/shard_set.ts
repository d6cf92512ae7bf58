import { join } from "node:path";
import { type MetadataEntry, takeApart, u32, writeGguf } from "./gguf_writer.ts";

/** The same model in several files, as `llama-gguf-split` writes it. @returns the first file's path. */
export async function writeShards(path: string, folder: string, count: number): Promise<string> {
  const { metadata, tensors } = takeApart(await Deno.readFile(path));
  const perShard = Math.ceil(tensors.length / count);
  const paths = Array.from({ length: count }, (_, index) => {
    const shard = join(folder, `shards-${number(index + 1)}-of-${number(count)}.gguf`);
    const split = [
      short("split.no", index),
      short("split.count", count),
      { key: "split.tensors.count", type: 5, value: u32(tensors.length) },
    ];
    writeGguf(shard, {
      metadata: index === 0 ? [...metadata, ...split] : split,
      tensors: tensors.slice(index * perShard, (index + 1) * perShard),
    });
    return shard;
  });
  return paths[0]!;
}

/** llama.cpp refuses them as any other type than UINT16. */
function short(key: string, value: number): MetadataEntry {
  return { key, type: 2, value: u32(value).slice(0, 2) };
}

function number(value: number): string {
  return String(value).padStart(5, "0");
}
