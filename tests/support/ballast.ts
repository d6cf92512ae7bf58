/**
 * Models that answer exactly like the guide and are as large and as slow as a test needs. A layer
 * whose `attn_output` and `ffn_down` are zero adds nothing to the residual stream, and neither do
 * feed-forward columns whose `ffn_down` part is zero.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  entry,
  type GgufToWrite,
  headerBytes,
  takeApart,
  type TensorToWrite,
  writeGguf,
} from "./gguf_writer.ts";

export interface BallastOptions {
  readonly path: string;
  /** Layers added to the guide's 6. @default {0} */
  readonly layers?: number;
  /**
   * Feed-forward width of every layer: the cheap way to a large file, 576 bytes a layer for each.
   * The guide's own is 256. llama.cpp knows one width for a whole llama model. @default {256}
   */
  readonly width?: number;
  /** In place of `width`: the width that comes nearest to this size of the file. */
  readonly sizeBytes?: number;
  /** The context that it says it was trained for. @default the guide's, 2,048 */
  readonly trained?: number | undefined;
  /** Other seeds make other weights, so another file, and the same answers. @default {1} */
  readonly seed?: number;
}

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);
const CACHE = fileURLToPath(new URL("../../.cache/ballast/", import.meta.url));
const GUIDE_LAYERS = 6;
const GUIDE_WIDTH = 256;
const EMBEDDING = 96;
const F16_BYTES = 2;
/** llama.cpp's kernels take rows in steps of this. */
const WIDTH_STEP = 32;

/** Writes the model and answers the file's size. 100 MB take about 0.1 s. */
export function writeBallast(options: BallastOptions): number {
  const { path, layers = 0, seed = 1, trained } = options;
  const width = options.sizeBytes === undefined
    ? options.width ?? GUIDE_WIDTH
    : widthForSize(options.sizeBytes, layers);
  writeGguf(path, ballast({ layers, width, seed, trained }));
  return Deno.statSync(path).size;
}

/** The path of such a model in the checkout's cache; written once for all tests. */
export function cachedBallast(options: Omit<BallastOptions, "path">): string {
  const { layers = 0, width = GUIDE_WIDTH, sizeBytes, seed = 1, trained } = options;
  const size = sizeBytes === undefined ? `w${width}` : `b${sizeBytes}`;
  const context = trained === undefined ? "" : `-c${trained}`;
  const path = join(CACHE, `ballast-l${layers}-${size}-s${seed}${context}.gguf`);
  if (exists(path)) return path;
  Deno.mkdirSync(CACHE, { recursive: true });
  const part = `${path}.${Deno.pid}.part`;
  writeBallast({ ...options, path: part });
  Deno.renameSync(part, path);
  return path;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

interface Shape {
  readonly layers: number;
  readonly width: number;
  readonly seed: number;
  readonly trained?: number | undefined;
}

function ballast({ layers, width, seed, trained }: Shape): GgufToWrite {
  const guide = takeApart(Deno.readFileSync(GUIDE));
  const random = halfFloats(seed);
  const added = guide.tensors.filter((tensor) => tensor.name.startsWith("blk.0."));
  return {
    metadata: guide.metadata.map((old) => {
      if (old.key === "llama.block_count") return entry(old.key, GUIDE_LAYERS + layers);
      if (old.key === "llama.feed_forward_length") return entry(old.key, width);
      if (old.key === "llama.context_length" && trained !== undefined) {
        return entry(old.key, trained);
      }
      return old;
    }),
    tensors: [
      ...guide.tensors.map((tensor) => widen(tensor, width, random)),
      ...Array.from({ length: layers }, (_, index) =>
        added.map((tensor) => {
          const name = tensor.name.replace("blk.0.", `blk.${GUIDE_LAYERS + index}.`);
          return weightless(resize(tensor, width), name, random);
        })).flat(),
    ],
  };
}

function widthForSize(sizeBytes: number, layers: number): number {
  const narrow = ballast({ layers, width: GUIDE_WIDTH, seed: 1 });
  const narrowBytes = narrow.tensors.reduce(
    (sum, tensor) => sum + tensor.byteLength,
    headerBytes(narrow).length,
  );
  const bytesPerColumn = 3 * EMBEDDING * F16_BYTES * (GUIDE_LAYERS + layers);
  const columns = Math.max(0, (sizeBytes - narrowBytes) / bytesPerColumn);
  return GUIDE_WIDTH + Math.round(columns / WIDTH_STEP) * WIDTH_STEP;
}

/** The same tensor with `width` in place of the guide's, its contents still to be decided. */
function resize(tensor: TensorToWrite, width: number): TensorToWrite {
  if (!isFeedForward(tensor)) return tensor;
  const shape = tensor.shape.map((size) => size === GUIDE_WIDTH ? width : size);
  return { ...tensor, shape, byteLength: EMBEDDING * width * F16_BYTES };
}

function isFeedForward({ name }: TensorToWrite): boolean {
  return /\.ffn_(gate|up|down)\.weight$/.test(name);
}

/** A tensor of an added layer: random, but zero where it would reach the residual stream. */
function weightless(tensor: TensorToWrite, name: string, random: Fill): TensorToWrite {
  if (/\.(attn_output|ffn_down)\.weight$/.test(name)) return { ...tensor, name, fill: null };
  // Norms stay as they are: they keep the random layers' numbers finite.
  return /norm\.weight$/.test(name) ? { ...tensor, name } : { ...tensor, name, fill: random };
}

/** A tensor of the guide with more feed-forward columns, whose results are multiplied by zero. */
function widen(tensor: TensorToWrite, width: number, random: Fill): TensorToWrite {
  if (!isFeedForward(tensor) || width === GUIDE_WIDTH) return tensor;
  const own = new Uint8Array(tensor.byteLength);
  tensor.fill?.(own);
  const fill = tensor.name.endsWith("ffn_down.weight")
    ? (bytes: Uint8Array) => spreadRows(own, bytes)
    : (bytes: Uint8Array) => {
      random(bytes);
      bytes.set(own);
    };
  return { ...resize(tensor, width), fill };
}

/** Copies rows into longer rows that end in zeros. */
function spreadRows(rows: Uint8Array, target: Uint8Array): void {
  const [short, long] = [rows.length / EMBEDDING, target.length / EMBEDDING];
  target.fill(0);
  for (let row = 0; row < EMBEDDING; row++) {
    target.set(rows.subarray(row * short, (row + 1) * short), row * long);
  }
}

type Fill = (bytes: Uint8Array) => void;

/**
 * Fills with f16 numbers of random sign between 1/16 and 1/8, two from each step of a xorshift
 * generator. Continues from tensor to tensor, so that no two of them are alike.
 */
function halfFloats(seed: number): Fill {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return (bytes) => {
    const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    for (let index = 0; index < pairs.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      pairs[index] = (state & 0x83ff83ff) | 0x2c002c00;
    }
  };
}
