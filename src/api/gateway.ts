import type { Logger } from "@logtape/logtape";
import { Hono } from "hono";
import { chooseModel, warmNames } from "./choose.ts";
import { answerErrors, type ApiEnv, identify, requireKey } from "./guards.ts";
import { inferenceHandler } from "./inference.ts";
import { nobodyAnswers, refresh } from "./instances.ts";
import { listModels } from "./model_list.ts";
import type { GatewayNode } from "./types.ts";

/** llama-server's own paths beside `/v1/` that depend on the model only. */
const OTHER_PATHS = ["/tokenize", "/detokenize", "/apply-template"];

export interface GatewayConfig {
  /** Required of every caller but those of `/health`; `null` lets everybody in. */
  readonly apiKey: string | null;
  readonly logger: Logger;
  /** Records what was asked too: `--record-prompts`. */
  readonly recordPrompts?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly newId?: () => string;
}

/** The OpenAI API of a node: design.md 5. Who may reach it at all is decided by the port it is on. */
export function createGateway(node: GatewayNode, config: GatewayConfig): Hono<ApiEnv> {
  const { logger, now = preciseNow, newId = () => crypto.randomUUID() } = config;
  const { recordPrompts = false } = config;
  const since = Math.floor(now() / 1_000);
  const models = () => listModels(node.warm(), since);

  const app = new Hono<ApiEnv>();
  answerErrors(app, logger);
  app.use(identify({ self: node.self, newId }));
  app.get("/health", (c) => c.json({ status: "ok", models: warmNames(node.warm()) }));
  app.options("*", (c) => c.body(null, 204, { allow: "GET, HEAD, POST, OPTIONS" }));
  app.use(requireKey(config.apiKey));
  app.get("/v1/models", async (c) => {
    await node.freshen();
    if (node.warm().length === 0) await refresh(node, c.req.raw.signal, logger);
    return c.json({ object: "list", data: models() });
  });
  app.get("/v1/models/:id{.+}", async (c) => {
    const id = c.req.param("id");
    const find = () => {
      const name = chooseModel(id, null, node.warm());
      return models().find((model) => model.id === name);
    };
    if (find() === undefined) await refresh(node, c.req.raw.signal, logger);
    const found = find();
    if (found === undefined) throw nobodyAnswers(node, id);
    return c.json(found);
  });
  const handler = inferenceHandler(node, { logger, recordPrompts, now });
  app.on("POST", ["/v1/:path{.+}", ...OTHER_PATHS], handler);
  return app;
}

/** As `Date.now`, with fractions: a first byte takes less than a millisecond or two. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
