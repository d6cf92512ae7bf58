import type { MiddlewareHandler } from "hono";
import type { ApiEnv } from "./api_env.ts";

export interface IdentifyOptions {
  /** PeerId of this node. */
  readonly self: string;
  readonly newId: () => string;
}

/** Gives the request its id, the caller's own where that is sane, and names the host that answered. */
export function identify({ self, newId }: IdentifyOptions): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = c.req.header("x-request-id");
    c.set("requestId", given !== undefined && /^[\w.:=-]{1,128}$/.test(given) ? given : newId());
    await next();
    // An answer that came through an inner app, or from another host, says so already.
    if (!c.res.headers.has("x-request-id")) c.header("x-request-id", c.get("requestId"));
    if (!c.res.headers.has("x-mesh-host")) c.header("x-mesh-host", self);
  };
}
