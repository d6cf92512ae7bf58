import type { Context } from "hono";
import type { ApiEnv } from "../keys/api_env.ts";
import { requireRoom } from "./context_room.ts";
import { refusedModel } from "./errors.ts";
import type { EmbedFields } from "./fields.ts";
import { askGateway, headersOf } from "./inner_request.ts";
import { modelWord } from "./model_word.ts";
import type { OllamaParts } from "./node.ts";
import { namedModel } from "./read_fields.ts";

/** As llama-server counts: texts, or the numbers of their tokens. */
type Input = readonly string[] | readonly (readonly number[])[];

interface Embedded {
  readonly data: readonly { readonly embedding: readonly number[] }[];
  readonly usage?: { readonly prompt_tokens?: number };
}

/** The words of llama-server for a text that is longer than it reads at a time. */
const TOO_LONG = /too large|exceeds? the (available )?context|larger than the max context/i;

/** Texts that are read in both directions have to fit one batch. */
const BATCH = /current batch size: (\d+)/;

/** Nanoseconds. */
const MS = 1e6;

const JSON_TYPE = "application/json; charset=utf-8";

/** Lets models give vectors. */
export class Embedder {
  readonly #parts: OllamaParts;

  constructor(parts: OllamaParts) {
    this.#parts = parts;
  }

  /** `/api/embed` */
  async embed(c: Context<ApiEnv>, fields: EmbedFields): Promise<Response> {
    const startedMs = this.#parts.now();
    const response = await this.#ask(c, fields);
    if (!response.ok) return response;
    const { data, usage } = await response.json() as Embedded;
    const totalMs = this.#parts.now() - startedMs;
    return Response.json({
      model: namedModel(fields),
      embeddings: data.map(({ embedding }) => embedding),
      total_duration: Math.round(totalMs * MS),
      load_duration: 0,
      prompt_eval_count: usage?.prompt_tokens ?? 0,
    }, { headers: headersOf(response, JSON_TYPE) });
  }

  /** `/api/embeddings`, the earlier form. */
  async embedOne(c: Context<ApiEnv>, fields: EmbedFields): Promise<Response> {
    const response = await this.#ask(c, fields);
    if (!response.ok) return response;
    const { data: [first] } = await response.json() as Embedded;
    const body = { embedding: first?.embedding ?? [] };
    return Response.json(body, { headers: headersOf(response, JSON_TYPE) });
  }

  /** The answer of the gateway, or what it refused in Ollama's words. */
  async #ask(c: Context<ApiEnv>, fields: EmbedFields): Promise<Response> {
    const { gateway, node } = this.#parts;
    const { input = [], truncate = true, dimensions, keep_alive: keepAlive } = fields;
    const asked = namedModel(fields);
    const model = modelWord(asked, node);
    requireRoom(node, { model, tokens: fields.options?.num_ctx, key: c.get("key") });
    const texts = typeof input === "string" ? input === "" ? [] : [input] : input;
    // Without a text the model is only loaded.
    const isEmpty = texts.length === 0;
    const more = dimensions === undefined ? {} : { dimensions };
    const ask = (input: Input) =>
      askGateway(gateway, c, "/v1/embeddings", { model, input, ...more }, { keepAlive });
    const nothing = { model, content: "" };
    const response =
      await (isEmpty ? askGateway(gateway, c, "/tokenize", nothing, { keepAlive }) : ask(texts));
    if (response.ok) return isEmpty ? Response.json({ data: [] }) : response;
    const text = await response.text();
    if (truncate && TOO_LONG.test(text)) {
      const most = Number(BATCH.exec(text)?.[1] ?? this.#contextLength(model));
      return await ask(await this.#cut(c, { model, texts, most }));
    }
    return await refusedModel(new Response(text, response), asked, node);
  }

  /** The texts as tokens, each no longer than the model reads. */
  async #cut(
    c: Context<ApiEnv>,
    { model, texts, most }: {
      readonly model: string;
      readonly texts: readonly string[];
      readonly most: number;
    },
  ): Promise<readonly number[][]> {
    const cut: number[][] = [];
    for (const content of texts) {
      const body = { model, content, add_special: true };
      const response = await askGateway(this.#parts.gateway, c, "/tokenize", body);
      const { tokens = [] } = await response.json() as { readonly tokens?: readonly number[] };
      cut.push(tokens.slice(0, most));
    }
    return cut;
  }

  #contextLength(model: string): number {
    const { node } = this.#parts;
    const meaning = node.meaning(model);
    const id = meaning.kind === "one" ? meaning.model.id : model;
    const instances = node.warm().filter((one) => one.id === id);
    return Math.min(...instances.map(({ contextLength }) => contextLength));
  }
}
