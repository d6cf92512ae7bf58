import type { ModelHeader } from "../base/types.ts";

/** The purpose of a model. One that pools its output gives vectors of texts, or scores of pairs. */
export function purposeOf(
  { pooling }: Pick<ModelHeader, "pooling">,
): "text" | "embeddings" | "reranking" {
  if (pooling === null || pooling === "none") return "text";
  return pooling === "rank" ? "reranking" : "embeddings";
}
