import type { Context, Hono } from "hono";
import type { CatalogEntry } from "../base/types.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { ListedModel } from "../routing/model_list.ts";
import { refusedModel } from "./errors.ts";
import { askGateway } from "./inner_request.ts";
import type { KnownModel } from "./model_views.ts";
import { modelWord } from "./model_word.ts";
import type { OllamaNode } from "./node.ts";

/** The models that a caller may ask for, with what this node knows of them. */
export class Models {
  readonly #gateway: Hono<ApiEnv>;
  readonly #node: OllamaNode;

  constructor(gateway: Hono<ApiEnv>, node: OllamaNode) {
    this.#gateway = gateway;
    this.#node = node;
  }

  /** Or why not. */
  async list(c: Context<ApiEnv>): Promise<readonly KnownModel[] | Response> {
    const response = await askGateway(this.#gateway, c, "/v1/models");
    if (!response.ok) return response;
    const { data } = await response.json() as { readonly data: readonly ListedModel[] };
    const entries = this.#entries();
    return data.map((listed) => ({ listed, entry: entries.get(listed.id) }));
  }

  async one(c: Context<ApiEnv>, asked: string): Promise<KnownModel | Response> {
    const word = encodeURIComponent(modelWord(asked, this.#node));
    const response = await askGateway(this.#gateway, c, `/v1/models/${word}`);
    if (!response.ok) return await refusedModel(response, asked, this.#node);
    const listed = await response.json() as ListedModel;
    return { listed, entry: this.#entries().get(listed.id) };
  }

  #entries(): ReadonlyMap<string, CatalogEntry> {
    return new Map(this.#node.modelActions.catalog().map((entry) => [entry.id, entry]));
  }
}
