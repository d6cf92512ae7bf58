import { type Context, Hono } from "hono";
import { ModelRefusedError } from "../base/types.ts";
import type { BodyBudget } from "../http/body_budget.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { type Managers, requireManage } from "../keys/manage.ts";
import { deleteSchema, pullSchema } from "./fields.ts";
import { lineOf, NDJSON } from "./ndjson.ts";
import { Puller, type PullLine, type PullNode, referenceOf } from "./puller.ts";
import { namedModel, readFields } from "./read_fields.ts";

export interface ManageRoutes {
  readonly node: PullNode;
  readonly managers: Managers;
  readonly budget: BodyBudget;
}

/** The routes that change the models on this node's disk: only for those who may manage it. */
export function addManageRoutes(
  api: Hono<ApiEnv>,
  { node, managers, budget }: ManageRoutes,
): void {
  const puller = new Puller(node);
  const guard = requireManage(managers);
  api.post("/api/pull", guard, async (c) => {
    const fields = await readFields(c.req.raw, pullSchema, budget);
    const asked = named(c, fields);
    const { signal } = c.req.raw;
    const lines = await puller.pull(asked, signal).catch((error) => refuse(asked, error));
    const { stream = true } = fields;
    if (stream) return new Response(streamOf(lines), { headers: { "content-type": NDJSON } });
    let last: PullLine = { status: "success" };
    for await (const line of lines) last = line;
    return "error" in last ? c.json(last, 500) : c.json(last);
  });
  api.delete("/api/delete", guard, async (c) => {
    const asked = named(c, await readFields(c.req.raw, deleteSchema, budget));
    await node.modelActions.remove(asked).catch((error) => refuse(asked, error));
    return c.body(null, 200);
  });
}

/** A key for some models manages those. */
function named(c: Context<ApiEnv>, fields: Parameters<typeof namedModel>[0]): string {
  const asked = referenceOf(namedModel(fields));
  const models = c.get("key")?.models ?? null;
  if (models === null || models.includes(asked)) return asked;
  throw notFound(asked);
}

function refuse(asked: string, error: unknown): never {
  if (!(error instanceof ModelRefusedError)) throw error;
  if (error.why === "unknown" && /^There is no model/.test(error.message)) throw notFound(asked);
  const kind = error.why === "unknown" ? "not-found" : "conflict";
  throw new RefusedError({ kind, reason: error.message }, { cause: error });
}

function notFound(asked: string): RefusedError {
  return new RefusedError({ kind: "not-found", reason: `model '${asked}' not found` });
}

function streamOf(lines: AsyncGenerator<PullLine>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(lineOf(value)));
    },
    async cancel() {
      await lines.return(undefined);
    },
  }, { highWaterMark: 0 });
}
