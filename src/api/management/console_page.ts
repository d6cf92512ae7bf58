import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import type { ApiEnv } from "../keys/api_env.ts";

export interface ConsoleAsset {
  readonly body: Uint8Array;
  readonly type: string;
}

/** The built page by path without a leading slash: `index.html`, `assets/index-3f2a.js`. */
export type ConsoleAssets = ReadonlyMap<string, ConsoleAsset>;

const INDEX = "index.html";

/** Vite writes a hash of the content into each name here, so that a name never changes its content. */
const HASHED = "assets/";

const NOT_BUILT: ConsoleAsset = {
  type: "text/html; charset=utf-8",
  body: new TextEncoder().encode(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>mesh-llm</title>
<h1>mesh-llm is running</h1>
<p>This copy of the program was made without its console.
<p><code>mesh-llm status</code> shows in a terminal what the console would show here.
`),
};

/** Serves the console from memory. `null`: a page that says that the console was not built. */
export function createConsole(assets: ConsoleAssets | null): Hono<ApiEnv> {
  const pages = new Map<string, { asset: ConsoleAsset; etag: string }>();
  for (const [path, asset] of assets ?? [[INDEX, NOT_BUILT]]) {
    pages.set(path, { asset, etag: etagOf(asset.body) });
  }
  return new Hono<ApiEnv>().get("/*", (c) => {
    const path = c.req.path === "/" ? INDEX : c.req.path.slice(1);
    const page = pages.get(path);
    return page === undefined ? c.notFound() : respond(c, path, page);
  });
}

function respond(c: Context, path: string, page: { asset: ConsoleAsset; etag: string }) {
  const { asset, etag } = page;
  c.header("cache-control", cacheControl(path));
  c.header("etag", etag);
  if (c.req.header("if-none-match")?.includes(etag)) return c.body(null, 304);
  return c.body(asset.body as Uint8Array<ArrayBuffer>, 200, { "content-type": asset.type });
}

function cacheControl(path: string): string {
  return path.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache";
}

function etagOf(body: Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
}
