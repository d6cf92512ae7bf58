import type { Logger } from "@logtape/logtape";
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { decodeBodies } from "./http/decode_body.ts";
import { answerErrors, answerUntil } from "./http/answer_errors.ts";
import { consoleErrorShape, errorShape, type ShapeOf } from "./http/error_shapes.ts";
import { answerOwnHosts, refuseCrossSite, refuseForeignForms } from "./http/host_guards.ts";
import type { ApiEnv } from "./keys/api_env.ts";
import { identify } from "./keys/identify.ts";
import { PREFLIGHT_MAX_AGE_S } from "./base/defaults.ts";
import type { OwnHosts } from "./http/hosts.ts";
import type { RefusalCounts } from "./http/refusal_counts.ts";

/** The parts that both ports are made with. */
export interface PortConfig {
  readonly self: string;
  readonly own: OwnHosts;
  /** True for a request that has a key of this port, whatever `Host` it names. @default {nobody has one} */
  readonly isKeyed?: (headers: Headers) => boolean;
  readonly logger: Logger;
  /** Counts what is refused. */
  readonly refusals?: RefusalCounts;
  /** Once aborted, what comes on a connection that is still open is refused. */
  readonly closing?: AbortSignal;
  readonly newId?: () => string;
}

export interface ApiPortConfig extends PortConfig {
  /** With a key, pages of every origin may use the API: they need the key. Without, none may. */
  readonly keyed: () => boolean;
}

/** The API's port: the gateway, behind the rules for who may reach it. */
export function createApiPort(gateway: Hono<ApiEnv>, config: ApiPortConfig): Hono<ApiEnv> {
  const port = createPort(config, errorShape);
  const [open, closed] = [allowAllOrigins(), refuseForeignForms()];
  port.use((c, next) => config.keyed() ? open(c, next) : closed(c, next));
  return port.all("*", (c) => gateway.fetch(c.req.raw, c.env));
}

/** The parts that the console's port offers. */
export interface ConsolePortParts {
  /** Here as well, since the page may ask its own origin only. */
  readonly gateway: Hono<ApiEnv>;
  /** The check of callers of the gateway on this port. @default {the gateway's own check} */
  readonly gatewayDoor?: MiddlewareHandler<ApiEnv>;
  readonly management: Hono<ApiEnv>;
  /** `null` drops the page. */
  readonly page: Hono<ApiEnv> | null;
}

/** The console's port: page, management API and gateway, for no other origin. */
export function createConsolePort(parts: ConsolePortParts, config: PortConfig): Hono<ApiEnv> {
  const port = createPort(config, consoleErrorShape);
  port.use(secureHeaders());
  port.use(refuseCrossSite());
  // With keys the gateway asks for one of them; without, this port's own rule holds for it too.
  if (parts.gatewayDoor !== undefined) port.use("/v1/*", parts.gatewayDoor);
  port.all("/v1/*", (c) => parts.gateway.fetch(c.req.raw, c.env));
  port.all("/metrics", (c) => parts.management.fetch(c.req.raw, c.env));
  port.all("/api/*", (c) => parts.management.fetch(c.req.raw, c.env));
  if (parts.page !== null) port.route("/", parts.page);
  return port;
}

function createPort(config: PortConfig, shapeOf: ShapeOf): Hono<ApiEnv> {
  const { self, own, closing, newId = () => crypto.randomUUID(), isKeyed = () => false } = config;
  const port = new Hono<ApiEnv>();
  answerErrors(port, { ...config, shapeOf });
  port.use(identify({ self, newId }));
  port.use(answerOwnHosts(own, isKeyed));
  port.use(answerUntil(closing));
  port.use(decodeBodies());
  return port;
}

const RATE_LIMIT_HEADERS = ["requests", "tokens"].flatMap((of) =>
  ["limit", "remaining", "reset"].map((what) => `x-ratelimit-${what}-${of}`)
);

function allowAllOrigins(): MiddlewareHandler {
  return cors({
    origin: "*",
    allowMethods: ["GET", "HEAD", "POST"],
    exposeHeaders: ["retry-after", "x-mesh-host", "x-request-id", ...RATE_LIMIT_HEADERS],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}

/** The page loads from and talks to its own origin, runs nothing inline and is never framed. */
const SECURE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // No text becomes HTML, whatever a model says: the page makes elements.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

function secureHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURE_HEADERS)) c.res.headers.set(name, value);
  };
}
