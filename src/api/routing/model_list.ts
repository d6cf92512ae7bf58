import { warmIds } from "./choose.ts";
import type { GatewayInstance } from "../base/types.ts";

/** One entry of `GET /v1/models`: OpenAI's fields, then ours. */
export interface ListedModel {
  readonly id: string;
  /** Further names under which it can be asked for. */
  readonly aliases: readonly string[];
  readonly object: "model";
  readonly created: number;
  readonly owned_by: "mesh-llm";
  readonly state: "warm";
  readonly size_bytes: number;
  /** Tokens of prompt and answer together: where instances differ, what each of them can take. */
  readonly context_length: number;
  readonly modes: readonly GatewayInstance["mode"][];
  readonly instances: number;
}

/** Every warm model once, in a fixed order. */
export function listModels(warm: readonly GatewayInstance[], created: number): ListedModel[] {
  return warmIds(warm).map((id) => {
    const instances = warm.filter((one) => one.id === id);
    return {
      id,
      aliases: instances[0]?.aliases ?? [],
      object: "model",
      created,
      owned_by: "mesh-llm",
      state: "warm",
      size_bytes: Math.max(...instances.map(({ sizeBytes }) => sizeBytes)),
      context_length: Math.min(...instances.map(({ contextLength }) => contextLength)),
      modes: [...new Set(instances.map(({ mode }) => mode))].sort(),
      instances: instances.length,
    };
  });
}
