import type { Context } from "hono";
import { isEventStream } from "../../base/event_stream.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { type Form, OllamaAnswer } from "./answer.ts";
import type { Translated } from "./chat_request.ts";
import { refusedModel } from "./errors.ts";
import type { ChatFields, GenerateFields } from "./fields.ts";
import { askGateway, headersOf } from "./inner_request.ts";
import { modelWord } from "./model_word.ts";
import { linesOf, NDJSON } from "./ndjson.ts";
import type { OllamaParts } from "./node.ts";
import { namedModel } from "./read_fields.ts";

/** Lets models write. */
export class Writer {
  readonly #parts: OllamaParts;

  constructor(parts: OllamaParts) {
    this.#parts = parts;
  }

  async write(
    c: Context<ApiEnv>,
    fields: ChatFields | GenerateFields,
    { request, form }: { readonly request: Translated | null; readonly form: Form },
  ): Promise<Response> {
    const { gateway, node, now } = this.#parts;
    const asked = namedModel(fields);
    const model = modelWord(asked, node);
    this.#checkContext(model, fields.options?.num_ctx);
    const answer = new OllamaAnswer({ model: asked, form, now });
    if (request === null) return await this.#load(c, { asked, model, answer });
    const response = await askGateway(gateway, c, request.path, { ...request.body, model });
    if (!response.ok) return await refusedModel(response, asked, node);
    if (isEventStream(response) && response.body !== null) {
      const lines = linesOf(response.body, answer);
      return new Response(lines, { headers: headersOf(response, NDJSON) });
    }
    const headers = headersOf(response, "application/json; charset=utf-8");
    return Response.json(answer.whole(await response.text()), { headers });
  }

  /** A question to the model that costs nothing: whoever answers it has the model loaded. */
  async #load(
    c: Context<ApiEnv>,
    { asked, model, answer }: {
      readonly asked: string;
      readonly model: string;
      readonly answer: OllamaAnswer;
    },
  ): Promise<Response> {
    const { gateway, node } = this.#parts;
    const response = await askGateway(gateway, c, "/tokenize", { model, content: "" });
    if (!response.ok) return await refusedModel(response, asked, node);
    await response.text();
    return Response.json(answer.loaded("load"), {
      headers: headersOf(response, "application/json"),
    });
  }

  /** @throws {RefusedError} where the caller counts on more room than there is. */
  #checkContext(model: string, wanted = 0): void {
    const { node } = this.#parts;
    const meaning = node.meaning(model);
    if (meaning.kind !== "one") return;
    const { id } = meaning.model;
    const warm = node.warm().filter((one) => one.id === id);
    const most = Math.max(...warm.map(({ contextLength }) => contextLength));
    if (warm.length === 0 || wanted <= most) return;
    const reason = `The field 'options.num_ctx' asks for ${wanted} tokens, and a request to ` +
      `${id} may have ${most}: ask for as many, or start its node with --ctx ${wanted}`;
    throw new RefusedError({ kind: "bad-body", reason, param: "options.num_ctx" });
  }
}
