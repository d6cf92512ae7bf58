import type { Logger } from "@logtape/logtape";
import { Hono } from "hono";
import { BODIES_COMING_BYTES, OLLAMA_VERSION } from "../base/defaults.ts";
import { answerErrors } from "../http/answer_errors.ts";
import { BodyBudget } from "../http/body_budget.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { Managers } from "../keys/manage.ts";
import { requireKey } from "../keys/require_key.ts";
import { chatForm, generateForm } from "./answer.ts";
import { chatRequest, generateRequest } from "./chat_request.ts";
import { Embedder } from "./embedder.ts";
import { errorsInOllamasShape } from "./errors.ts";
import { chatSchema, embeddingsSchema, embedSchema, generateSchema, showSchema } from "./fields.ts";
import { addManageRoutes } from "./manage_routes.ts";
import { runningOf, shownOf, tagOf } from "./model_views.ts";
import { Models } from "./models.ts";
import type { OllamaNode } from "./node.ts";
import { namedModel, readFields } from "./read_fields.ts";
import { Writer } from "./writer.ts";

export interface OllamaConfig {
  /** Those who may fetch and delete models. Their keys are the gateway's. */
  readonly managers: Managers;
  readonly logger: Logger;
  /** Counts what is refused. */
  readonly refusals?: RefusalCounts;
  /** Milliseconds since the epoch. @default {Date.now} */
  readonly now?: () => number;
}

/** Ollama's paths, also those that nothing answers here. */
const PATHS = [
  ...["chat", "generate", "embed", "embeddings", "tags", "ps", "show", "version", "pull", "delete"],
  ...["create", "copy", "push", "blobs/*"],
].map((name) => `/api/${name}`);

/** Ollama's API in front of a node's gateway, which answers every other path: docs/ollama.md. */
export function createOllama(
  gateway: Hono<ApiEnv>,
  node: OllamaNode,
  config: OllamaConfig,
): Hono<ApiEnv> {
  const { managers, now = Date.now } = config;
  const budget = new BodyBudget(BODIES_COMING_BYTES);
  const writer = new Writer({ gateway, node, now });
  const embedder = new Embedder({ gateway, node, now });
  const models = new Models(gateway, node);
  const api = new Hono<ApiEnv>();
  answerErrors(api, config);
  api.use(errorsInOllamasShape());
  addManageRoutes(api, { node, managers, budget });
  api.use(requireKey(managers.ring));
  api.post("/api/chat", async (c) => {
    const fields = await readFields(c.req.raw, chatSchema, budget);
    return await writer.write(c, fields, { request: chatRequest(fields), form: chatForm });
  });
  api.post("/api/generate", async (c) => {
    const fields = await readFields(c.req.raw, generateSchema, budget);
    return await writer.write(c, fields, { request: generateRequest(fields), form: generateForm });
  });
  api.post("/api/embed", async (c) => {
    const fields = await readFields(c.req.raw, embedSchema, budget);
    return await embedder.embed(c, fields);
  });
  api.post("/api/embeddings", async (c) => {
    const { prompt, ...fields } = await readFields(c.req.raw, embeddingsSchema, budget);
    return await embedder.embedOne(c, { ...fields, input: prompt });
  });
  api.get("/api/version", (c) => c.json({ version: OLLAMA_VERSION }));
  api.get("/api/tags", async (c) => {
    const list = await models.list(c);
    return list instanceof Response ? list : c.json({ models: list.map(tagOf) });
  });
  api.get("/api/ps", async (c) => {
    const list = await models.list(c);
    if (list instanceof Response) return list;
    const running = list.filter(({ listed }) => listed.state === "warm");
    return c.json({ models: running.map(runningOf) });
  });
  api.post("/api/show", async (c) => {
    const asked = namedModel(await readFields(c.req.raw, showSchema, budget));
    const model = await models.one(c, asked);
    return model instanceof Response ? model : c.json(shownOf(model));
  });

  const app = new Hono<ApiEnv>();
  // Clients ask whether it is there, and look for these words.
  app.get("/", (c) => c.text("Ollama is running"));
  app.options("*", (c) => gateway.fetch(c.req.raw, c.env));
  for (const path of PATHS) app.all(path, (c) => api.fetch(c.req.raw, c.env));
  return app.all("*", (c) => gateway.fetch(c.req.raw, c.env));
}
