import {
  BATCH_TOKENS,
  CONTEXT_STEP,
  DEFAULT_CONTEXT_LENGTH,
  DEFAULT_POOLED_LENGTH,
  FIT_FACTOR,
} from "../base/defaults.ts";
import type { ModelHeader } from "../base/types.ts";
import { purposeOf } from "./purpose.ts";

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
export function needBytes(model: SizedModel, contextLength: number | null, slots = 1): number {
  const { header } = model;
  const sizeBytes = model.sizeBytes + (model.projector?.sizeBytes ?? 0);
  const least = Math.ceil(FIT_FACTOR * sizeBytes);
  if (header === undefined || header === null) return least;
  const tokens = servedContext(header, contextLength);
  const caches = slots * cacheBytes(header, tokens);
  return Math.max(least, sizeBytes + caches + computeBytes(header, tokens));
}

/**
 * The tokens that each request may have. llama-server must always be told: left alone it takes the trained length, which
 * may need more than the weights, or whatever fits at that moment. It never gives more than the trained length, so nobody
 * is promised more.
 */
export function servedContext(
  { contextLength: trained, pooling = null }:
    & Pick<ModelHeader, "contextLength">
    & Partial<Pick<ModelHeader, "pooling">>,
  asked: number | null,
): number {
  const usual = purposeOf({ pooling }) === "text" ? DEFAULT_CONTEXT_LENGTH : DEFAULT_POOLED_LENGTH;
  const wanted = asked ?? usual;
  return trained === 0 ? wanted : Math.min(trained, wanted);
}

/** Of one slot: none takes the cells of another. */
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
  return GRAPH_BYTES + batchTokens(header, tokens) * (row + cells(tokens) * MASK_BYTES);
}

/** Tokens that are computed at once: of a model that pools its output a whole text, for it refuses a longer one. */
export function batchTokens(
  { pooling = null }: Partial<Pick<ModelHeader, "pooling">>,
  tokens: number,
): number {
  return purposeOf({ pooling }) === "text" ? BATCH_TOKENS : Math.max(BATCH_TOKENS, tokens);
}

function cells(tokens: number): number {
  return Math.ceil(tokens / CONTEXT_STEP) * CONTEXT_STEP;
}
