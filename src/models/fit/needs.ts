import {
  BATCH_TOKENS,
  CONTEXT_STEP,
  DEFAULT_CONTEXT_LENGTH,
  FIT_FACTOR,
} from "../base/defaults.ts";
import type { ModelHeader } from "../base/types.ts";

/** Keys and values are cached as f16, llama-server's default. */
const CACHE_BYTES = 2;
/** llama.cpp's mask: f16 for every pair of a batch's token and a cell of the context. */
const MASK_BYTES = 2;
/** Intermediate results are f32. */
const ACTIVATION_BYTES = 4;

/** Small tensors of the graph itself, whatever the model's shape. */
const GRAPH_BYTES = 64 * 1024;

/** The facts about a model that `needBytes` needs; a header may still be unknown. */
export interface SizedModel {
  readonly sizeBytes: number;
  readonly header?: ModelHeader | null;
  readonly projector?: { readonly sizeBytes: number } | null;
}

/**
 * Memory that serving the model takes on all its nodes together: the one rule of what fits.
 *
 * Weights, key-value cache and compute buffer, but never less than `FIT_FACTOR` times the size,
 * which is also the answer while the header is unknown: reading it never makes a model smaller.
 */
export function needBytes(model: SizedModel, contextLength: number | null): number {
  const { header } = model;
  const sizeBytes = model.sizeBytes + (model.projector?.sizeBytes ?? 0);
  const least = Math.ceil(FIT_FACTOR * sizeBytes);
  if (header === undefined || header === null) return least;
  const tokens = servedContext(header, contextLength);
  return Math.max(least, sizeBytes + cacheBytes(header, tokens) + computeBytes(header, tokens));
}

/**
 * The context that llama-server is to be started with. It must always be told: left alone it takes
 * the trained length, which may need more than the weights, or whatever fits at that moment.
 */
export function servedContext(
  { contextLength: trained }: Pick<ModelHeader, "contextLength">,
  asked: number | null,
): number {
  if (asked !== null) return asked;
  return trained === 0 ? DEFAULT_CONTEXT_LENGTH : Math.min(trained, DEFAULT_CONTEXT_LENGTH);
}

/** llama-server's slots share one cache (`--kv-unified`), so their number does not count. */
function cacheBytes(header: ModelHeader, tokens: number): number {
  const { kvHeads, slidingKvHeads, keyLength, valueLength, slidingWindow } = header;
  // A layer with a window keeps no more than it, and room for the batch that is computed.
  const inWindow = Math.min(cells(tokens), cells(slidingWindow + BATCH_TOKENS));
  const heads = cells(tokens) * (kvHeads - slidingKvHeads) + inWindow * slidingKvHeads;
  return heads * (keyLength + valueLength) * CACHE_BYTES;
}

/**
 * Main memory for one of llama-server's checkpoints of a conversation: the cells of the layers that look back no further
 * than a window, which can't be computed from the others. 0 where all layers keep everything.
 */
export function checkpointBytes(header: ModelHeader): number {
  const { slidingKvHeads, keyLength, valueLength, slidingWindow } = header;
  return cells(slidingWindow) * slidingKvHeads * (keyLength + valueLength) * CACHE_BYTES;
}

/**
 * An upper bound of what build 11669 reserves for a batch with flash attention, within 40 % for
 * llama models of any shape that was tried: the mask, three feed-forward rows, five of the residual.
 */
function computeBytes(header: ModelHeader, tokens: number): number {
  const { feedForwardLength, embeddingLength } = header;
  const row = (3 * feedForwardLength + 5 * embeddingLength) * ACTIVATION_BYTES;
  return GRAPH_BYTES + BATCH_TOKENS * (row + cells(tokens) * MASK_BYTES);
}

function cells(tokens: number): number {
  return Math.ceil(tokens / CONTEXT_STEP) * CONTEXT_STEP;
}
