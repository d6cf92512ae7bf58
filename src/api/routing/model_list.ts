import { warmIds } from "./choose.ts";
import type { GatewayInstance, GatewayNode, UnservedModel } from "../base/types.ts";

/** One entry of `GET /v1/models`: OpenAI's fields, then ours. */
export interface ListedModel {
  readonly id: string;
  /** Further names under which it can be asked for. */
  readonly aliases: readonly string[];
  readonly object: "model";
  readonly created: number;
  readonly owned_by: "mesh-llm";
  readonly state: "warm" | UnservedModel["state"];
  readonly size_bytes: number;
  /** Tokens of prompt and answer together: where instances differ, what each of them can take. Known once it is warm. */
  readonly context_length?: number;
  readonly modes: readonly GatewayInstance["mode"][];
  /** Those that answer. */
  readonly instances: number;
}

/** Every model that can be asked for once: the warm ones first, since programs take the first by themselves. */
export function listModels(
  node: Pick<GatewayNode, "warm" | "unserved">,
  created: number,
): ListedModel[] {
  const warm = node.warm();
  const ids = warmIds(warm);
  const served = ids.map((id) => servedModel(id, warm, created));
  const unserved = node.unserved().filter(({ id }) => !ids.includes(id)).map((model) => ({
    ...plainModel(model.id, created),
    aliases: model.aliases,
    state: model.state,
    size_bytes: model.sizeBytes,
    modes: [],
    instances: 0,
  }));
  return [...served, ...unserved];
}

function servedModel(id: string, warm: readonly GatewayInstance[], created: number): ListedModel {
  const instances = warm.filter((one) => one.id === id);
  return {
    ...plainModel(id, created),
    aliases: instances[0]?.aliases ?? [],
    state: "warm",
    size_bytes: Math.max(...instances.map(({ sizeBytes }) => sizeBytes)),
    context_length: Math.min(...instances.map(({ contextLength }) => contextLength)),
    modes: [...new Set(instances.map(({ mode }) => mode))].sort(),
    instances: instances.length,
  };
}

function plainModel(id: string, created: number) {
  return { id, object: "model", created, owned_by: "mesh-llm" } as const;
}
