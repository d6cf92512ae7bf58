import { reasonOf } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { Hono } from "hono";
import * as z from "zod";
import type { AdminDoor } from "../keys/admin_session.ts";
import { agentRoutes } from "./agent_routes.ts";
import { jsonBody, limitBody } from "./bodies.ts";
import { EventFeed } from "./event_feed.ts";
import { answerErrors } from "../http/answer_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { KeyBook } from "../keys/key_book.ts";
import { keyRoutes } from "./key_routes.ts";
import { LineLog } from "./line_log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { refuseModel } from "./model_errors.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { OwnAddress } from "../http/own_addresses.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import { RequestLog } from "./request_log.ts";
import { settingsNow } from "./settings_list.ts";
import { settingsRoutes } from "./settings_routes.ts";
import { InviteRefusedError, type ManagementNode, type Setting } from "../base/types.ts";

const inviteSchema = z.strictObject({
  role: z.enum(["member", "client"]).default("member"),
  name: z.string().min(1).max(64).exactOptional(),
  mayInvite: z.boolean().exactOptional(),
  /** Epoch milliseconds. */
  expiresAt: z.number().int().positive().exactOptional(),
});

const secret = z.string().min(1).max(512);

/** The admin key, or the secret part of an address that signs in once. */
const signInSchema = z.union([z.strictObject({ key: secret }), z.strictObject({ code: secret })]);

export interface ManagementConfig {
  readonly door: AdminDoor;
  readonly logger: Logger;
  /** Counts what is refused. */
  readonly refusals?: RefusalCounts;
  /** The addresses of the node's OpenAI API, for the settings of tools. */
  readonly addresses: () => readonly OwnAddress[];
  /** The keys of that API, of which some may manage. */
  readonly keys: KeyBook;
  /** The settings that the node was started with. */
  readonly settings?: readonly Setting[];
  /** An address that signs in once; `null` where there is no page. */
  readonly signInUrl: () => string | null;
  /** Ends the event streams. */
  readonly closing?: AbortSignal;
}

/**
 * The console's API: docs/management-api.md. The port that it is on decides which callers reach it at all. The chained
 * routes are the type that the console's client is made of.
 */
export function createManagement(node: ManagementNode, config: ManagementConfig) {
  const feed = new EventFeed(node, { runId: crypto.randomUUID(), closing: config.closing });
  const requests = new RequestLog();
  const lines = new LineLog();
  const metrics = new Metrics(node, config.refusals);
  const { door } = config;
  const managers = { door, ring: config.keys.ring };
  node.subscribe((event) => {
    if (event.type === "request") {
      requests.add(event.request);
      metrics.record(event.request);
    }
    if (event.type === "log") lines.add(event.line);
  });
  const app = new Hono<ApiEnv>();
  answerErrors(app, config);
  return app
    .get("/api/session", async (c) => c.json({ signedIn: await door.isSignedIn(c) }))
    .post("/api/session", limitBody(), jsonBody(signInSchema), async (c) => {
      const given = c.req.valid("json");
      if ("code" in given) door.signInByLink(c, given.code);
      else await door.signIn(c, given.key);
      return c.json({ signedIn: true });
    })
    .delete("/api/session", (c) => {
      door.signOut(c);
      return c.json({ signedIn: false });
    })
    // Before the console's own guard: keys of the API may have the right to manage.
    .route("/api/models", settingsRoutes(() => node.modelSettings, managers))
    .route("/api/keys", keyRoutes(config.keys, managers))
    .use(door.guard)
    .use("/api/*", limitBody())
    .post("/api/session/links", (c) => {
      return c.json({ url: config.signInUrl() });
    })
    .get("/api/status", async (c) => {
      await node.freshen();
      return c.json(node.status());
    })
    .get("/metrics", async (c) => {
      return c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
    })
    .get("/api/requests", (c) => c.json({ requests: requests.list() }))
    .get("/api/events", (c) => eventStream(feed.open(c.req.header("last-event-id") ?? null)))
    .get("/api/logs", async (c) => c.json({ node: lines.list(), engine: await node.engineLogs() }))
    .get("/api/settings", (c) => {
      return c.json({ settings: settingsNow(config.settings ?? [], node.modelSettings.changed()) });
    })
    .get("/api/peers/check", async (c) => c.json(await node.checkPeers()))
    .route("/api/agents", agentRoutes(node, config))
    .get("/api/catalog", async (c) => {
      await node.freshen();
      return c.json(node.modelActions.catalog());
    })
    .get(
      "/api/models/:name/download",
      (c) => c.json(node.modelActions.downloadStatus(c.req.param("name"))),
    )
    .post(
      "/api/models/:name/download",
      async (c) =>
        c.json(await node.modelActions.download(c.req.param("name")).catch(refuseModel), 202),
    )
    .post("/api/models/:name/download/pause", async (c) => {
      await node.modelActions.pauseDownload(c.req.param("name")).catch(refuseModel);
      return c.json({});
    })
    .delete("/api/models/:name/download", async (c) => {
      await node.modelActions.cancelDownload(c.req.param("name")).catch(refuseModel);
      return c.json({});
    })
    .delete("/api/models/:name", async (c) => {
      const model = c.req.param("name");
      await node.modelActions.remove(model).catch(refuseModel);
      return c.json({ model });
    })
    .post("/api/tokens", jsonBody(inviteSchema), async (c) => {
      const token = await node.invite(c.req.valid("json")).catch(refuseInvite);
      return c.json({ token });
    })
    .get("/api/tokens", (c) => c.json({ tokens: node.tokens() }))
    .delete("/api/tokens/:id", async (c) => {
      const id = c.req.param("id");
      await node.revoke(id).catch(refuseRevocation);
      return c.json({ id });
    })
    .get("/api/peers/:machine/removal", async (c) => {
      return c.json(await node.removalOf(c.req.param("machine")).catch(refuseRemoval));
    })
    .delete("/api/peers/:machine", async (c) => {
      return c.json(await node.remove(c.req.param("machine")).catch(refuseRemoval));
    })
    .post("/api/stop", (c) => {
      node.end();
      return c.json({});
    })
    .post("/api/models/:name/serve", async (c) => {
      const model = c.req.param("name");
      await node.serve(model).catch(refuseModel);
      return c.json({ model });
    })
    .post("/api/models/:name/drop", async (c) => {
      const model = c.req.param("name");
      await node.drop(model).catch(refuseModel);
      return c.json({ model });
    });
}

export type ManagementApi = ReturnType<typeof createManagement>;

function refuseInvite(error: unknown): never {
  const reason = reasonOf(error);
  throw new RefusedError({ kind: "not-allowed", reason }, { cause: error });
}

function refuseRevocation(error: unknown): never {
  refuseWhat(error, "unknown-invite");
}

function refuseRemoval(error: unknown): never {
  refuseWhat(error, "unknown-machine");
}

function refuseWhat(error: unknown, unknown: "unknown-invite" | "unknown-machine"): never {
  if (!(error instanceof InviteRefusedError)) throw error;
  const kind = error.why === "unknown" ? unknown : "not-allowed";
  throw new RefusedError({ kind, reason: error.message }, { cause: error });
}

function eventStream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}
