import type { Logger } from "@logtape/logtape";
import { Hono } from "hono";
import type { AdminDoor } from "../keys/admin_session.ts";
import { agentRoutes } from "./agent_routes.ts";
import { limitBody } from "./bodies.ts";
import { EventFeed } from "./event_feed.ts";
import { answerErrors } from "../http/answer_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { KeyBook } from "../keys/key_book.ts";
import { keyRoutes } from "./key_routes.ts";
import { inviteRoutes, removalRoutes } from "./invite_routes.ts";
import { LineLog } from "./line_log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { modelRoutes } from "./model_routes.ts";
import { pairingRoutes } from "./pairing_routes.ts";
import type { OwnAddress } from "../http/own_addresses.ts";
import { relayRoutes } from "./relay_routes.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import { RequestLog } from "./request_log.ts";
import { sessionRoutes } from "./session_routes.ts";
import { settingsNow } from "./settings_list.ts";
import { settingsRoutes } from "./settings_routes.ts";
import type { ManagementNode, Setting } from "../base/types.ts";

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
    .route("/api/session", sessionRoutes(door))
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
    .post("/api/stop", (c) => {
      node.end();
      return c.json({});
    })
    .route("/api/models", modelRoutes(node))
    .route("/api/tokens", inviteRoutes(node))
    .route("/api/peers", removalRoutes(node))
    .route("/api/relays", relayRoutes(node))
    .route("/api/pairing", pairingRoutes(node));
}

export type ManagementApi = ReturnType<typeof createManagement>;

function eventStream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}
