import type { Logger } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import { warmIds } from "../routing/choose.ts";
import { HOLD_MS, SIGN_OF_LIFE_MS } from "../base/defaults.ts";
import { answerErrors } from "../http/answer_errors.ts";
import { errorShape } from "../http/error_shapes.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { identify } from "../keys/identify.ts";
import { limitRates } from "../keys/limit_rates.ts";
import { requireKey } from "../keys/require_key.ts";
import { inferenceHandler } from "./inference.ts";
import { nobodyAnswers, refresh } from "../routing/instances.ts";
import { KeyedNode } from "../keys/keyed_node.ts";
import { type ApiKey, KeyRing } from "../keys/keys.ts";
import { listModels } from "../routing/model_list.ts";
import { RateLimits } from "../keys/rate_limit.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import type { GatewayNode } from "../base/types.ts";

/** llama-server's own paths beside `/v1/` that depend on the model only. */
const OTHER_PATHS = ["/tokenize", "/detokenize", "/apply-template"];

export interface GatewayConfig {
  /** One is required of every caller but those of `/health`; without any, everybody may come in. */
  readonly keys: KeyRing | readonly ApiKey[];
  readonly logger: Logger;
  /** Counts what is refused. */
  readonly refusals?: RefusalCounts;
  /** Records what was asked too: `--record-prompts`. */
  readonly recordPrompts?: boolean;
  /** How long a request waits for an instance. @default {HOLD_MS} */
  readonly holdMs?: number;
  /** How long a stream waits for its first byte without a sign of life. @default {SIGN_OF_LIFE_MS} */
  readonly signOfLifeMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly newId?: () => string;
}

/** The OpenAI API of a node: docs/api.md. The port that it is on decides which callers reach it at all. */
export function createGateway(node: GatewayNode, config: GatewayConfig): Hono<ApiEnv> {
  const { logger, holdMs = HOLD_MS, now = preciseNow, newId = () => crypto.randomUUID() } = config;
  const { recordPrompts = false, signOfLifeMs = SIGN_OF_LIFE_MS } = config;
  const since = Math.floor(now() / 1_000);
  const limits = new RateLimits();
  /** The node as this caller may see it. */
  const nodeFor = (c: Context<ApiEnv>) => {
    const key = c.get("key");
    return key === undefined ? node : new KeyedNode(node, { key, limits, now });
  };

  const app = new Hono<ApiEnv>();
  answerErrors(app, { ...config, shapeOf: errorShape });
  app.use(identify({ self: node.self, newId }));
  app.get("/health", (c) => c.json({ status: "ok", models: warmIds(node.warm()) }));
  app.options("*", (c) => c.body(null, 204, { allow: "GET, HEAD, POST, OPTIONS" }));
  app.use(requireKey(config.keys instanceof KeyRing ? config.keys : new KeyRing(config.keys)));
  app.get("/v1/models", async (c) => {
    const node = nodeFor(c);
    await node.freshen();
    if (!node.knowsMesh || node.warm().length === 0) {
      await refresh(node, c.req.raw.signal, logger);
    }
    return c.json({ object: "list", data: listModels(node, since) });
  });
  app.get("/v1/models/:id{.+}", async (c) => {
    const node = nodeFor(c);
    const id = c.req.param("id");
    const find = () => {
      const meaning = node.meaning(id);
      return meaning.kind === "one"
        ? listModels(node, since).find((model) => model.id === meaning.model.id)
        : undefined;
    };
    if (find() === undefined) await refresh(node, c.req.raw.signal, logger);
    const found = find();
    if (found === undefined) throw nobodyAnswers(node, id);
    return c.json(found);
  });
  const infer = inferenceHandler(nodeFor, {
    logger,
    refusals: config.refusals,
    recordPrompts,
    now,
    holdMs,
    signOfLifeMs,
  });
  app.on("POST", ["/v1/:path{.+}", ...OTHER_PATHS], limitRates(limits, now), infer);
  return app;
}

/** As `Date.now`, with fractions: a first byte takes less than a millisecond or two. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
