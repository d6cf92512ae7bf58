import type { GgufMetadata } from "./gguf_metadata.ts";
import type { GgufTensor, Projection } from "../base/types.ts";

/** Projectors are GGUF files of this architecture. */
export const PROJECTOR_ARCHITECTURE = "clip";

/** Between the encoder and the language model: a tensor here has the model's width as one of its sizes. */
const LAST_STEP = /^(mm|resampler|adapter)\b|proj/;
const INNER_LAYER = /\.blk\./;

/**
 * The purpose of a projector. The tensors decide it as llama.cpp sees it; the header's `projection_dim` is 768 in a
 * LLaVA of width 4,096 and 0 in a MiniCPM-V.
 */
export function projectionOf(
  metadata: GgufMetadata,
  architecture: string,
  tensors: readonly GgufTensor[],
): Projection | null {
  if (architecture !== PROJECTOR_ARCHITECTURE) return null;
  const said = ["vision.projection_dim", "audio.projection_dim", "projection_dim"]
    .map((key) => metadata.count(`${architecture}.${key}`) ?? 0);
  const last = tensors.filter(({ name }) => LAST_STEP.test(name) && !INNER_LAYER.test(name));
  const sizes = last.flatMap(({ shape }) => shape.length <= 2 ? shape : []);
  return {
    sees: tensors.some(({ name }) => name.startsWith("v.")),
    hears: tensors.some(({ name }) => name.startsWith("a.")),
    widths: [...new Set([...said, ...sizes])].filter((width) => width > 1),
  };
}
