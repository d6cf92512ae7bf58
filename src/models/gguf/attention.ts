import type { GgufMetadata } from "./gguf_metadata.ts";
import type { ModelHeader } from "../base/types.ts";

/** The sizes that make up the cache of keys and values. */
type Attention = Pick<
  ModelHeader,
  "kvHeads" | "keyLength" | "valueLength" | "slidingWindow" | "slidingKvHeads"
>;

/**
 * Of how many layers one sees the whole context, where the others have a sliding window. The file
 * does not say it: llama.cpp knows it by architecture (`load_arch_hparams`), and so must we.
 */
const FULL_EVERY: Readonly<Record<string, number>> = {
  cohere2: 4,
  exaone4: 4,
  gemma2: 2,
  gemma3: 6,
  gemma3n: 5,
  "gpt-oss": 2,
  llama4: 4,
};

/** Reads the keys of the file's architecture that say how its layers attend. */
export function attentionOf(metadata: GgufMetadata, architecture: string): Attention {
  const of = (key: string) => metadata.count(`${architecture}.${key}`);
  const headCount = of("attention.head_count") ?? 0;
  const layers = of("block_count") ?? 0;
  const headLength = headCount === 0 ? 0 : Math.floor((of("embedding_length") ?? 0) / headCount);
  const latent = of("attention.kv_lora_rank") ?? 0;
  if (latent > 0) return latentAttention(layers, latent, of("rope.dimension_count") ?? 0);
  const heads = headsByLayer(metadata, architecture, { layers, headCount });
  const window = of("attention.sliding_window") ?? 0;
  const every = window === 0 ? 0 : FULL_EVERY[architecture] ?? 0;
  const isSliding = (layer: number) => every > 0 && layer % every < every - 1;
  return {
    kvHeads: sum(heads),
    keyLength: of("attention.key_length") ?? headLength,
    valueLength: of("attention.value_length") ?? headLength,
    slidingWindow: every > 0 ? window : 0,
    slidingKvHeads: sum(heads.filter((_, layer) => isSliding(layer))),
  };
}

/** DeepSeek's: one compressed head a layer stands for keys and values. */
function latentAttention(layers: number, latent: number, rope: number): Attention {
  const lengths = { keyLength: latent + rope, valueLength: latent };
  return { kvHeads: layers, ...lengths, slidingWindow: 0, slidingKvHeads: 0 };
}

/** Some models differ by layer, and some have layers that remember without a cache. */
function headsByLayer(
  metadata: GgufMetadata,
  architecture: string,
  { layers, headCount }: { readonly layers: number; readonly headCount: number },
): number[] {
  const counts = metadata.counts(`${architecture}.attention.head_count_kv`) ?? [headCount];
  if (counts.length > 1) return [...counts];
  const interval = metadata.count(`${architecture}.full_attention_interval`) ?? 1;
  const only = counts[0] ?? headCount;
  // A file may claim any number of layers: none has more than a few hundred.
  return Array.from(
    { length: Math.min(layers, MAX_LAYERS) },
    (_, layer) => interval > 1 && (layer + 1) % interval !== 0 ? 0 : only,
  );
}

/** llama.cpp's own limit is 512 (LLAMA_MAX_LAYERS); what claims more is refused there. */
const MAX_LAYERS = 1024;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
