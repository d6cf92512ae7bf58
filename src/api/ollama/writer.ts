import type { Context } from "hono";
import { isEventStream } from "../../base/event_stream.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { type Form, OllamaAnswer } from "./answer.ts";
import type { Translated } from "./chat_request.ts";
import { missingRoom, modelMeant, requireRoom, type WantedRoom } from "./context_room.ts";
import { refusedModel } from "./errors.ts";
import type { ChatFields, GenerateFields } from "./fields.ts";
import { askGateway, headersOf, type Said } from "./inner_request.ts";
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
    const room = { model, tokens: fields.options?.num_ctx, key: c.get("key") };
    const answer = new OllamaAnswer({ model: asked, form, now });
    const says = { keepAlive: fields.keep_alive, wantedContext: room.tokens };
    if (request === null) return await this.#load(c, { asked, room, answer, says });
    const body = { ...request.body, model };
    const response = await askGateway(gateway, c, request.path, body, says);
    if (!response.ok) return await refusedModel(response, asked, node);
    await this.#checkAgain(response, room);
    if (isEventStream(response) && response.body !== null) {
      const lines = linesOf(response.body, answer, () => missingRoom(node, room));
      return new Response(lines, { headers: headersOf(response, NDJSON) });
    }
    const headers = headersOf(response, "application/json; charset=utf-8");
    return Response.json(answer.whole(await response.text()), { headers });
  }

  /**
   * A question to the model that costs nothing: whoever answers it has the model loaded. No model is loaded only to be
   * unloaded.
   */
  async #load(
    c: Context<ApiEnv>,
    { asked, room, answer, says }: {
      readonly asked: string;
      readonly room: WantedRoom;
      readonly answer: OllamaAnswer;
      readonly says: Said;
    },
  ): Promise<Response> {
    const { gateway, node } = this.#parts;
    const { model } = room;
    const unloads = says.keepAlive === 0;
    if (unloads && this.#isUnloaded(c, model)) return Response.json(answer.loaded("unload"));
    const response = await askGateway(gateway, c, "/tokenize", { model, content: "" }, says);
    if (!response.ok) return await refusedModel(response, asked, node);
    await this.#checkAgain(response, room);
    await response.text();
    return Response.json(answer.loaded(unloads ? "unload" : "load"), {
      headers: headersOf(response, "application/json"),
    });
  }

  /** Nobody serves it, and its caller may know that. */
  #isUnloaded(c: Context<ApiEnv>, model: string): boolean {
    const { node } = this.#parts;
    const meant = modelMeant(node, { model, key: c.get("key") });
    return meant !== null && node.warm().every(({ id }) => id !== meant.id);
  }

  /** A model that was loaded for the request may have less room than its caller counts on. */
  async #checkAgain(response: Response, room: WantedRoom): Promise<void> {
    try {
      requireRoom(this.#parts.node, room);
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
  }
}
