import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { randomBytes } from "node:crypto";
import { ADMIN_SESSION_S, ADMIN_SESSIONS_MAX } from "./defaults.ts";
import type { ApiEnv } from "./guards.ts";
import { fullKey, KeyRing, presentedKey } from "./keys.ts";
import { RefusedError } from "./openai_errors.ts";

const COOKIE = "mesh-llm-admin";

/**
 * Who may manage the node: whoever has the admin key, or signed in with it. A page's event stream can't
 * send headers, so a page signs in and is known by a cookie that no script can read.
 */
export class AdminDoor {
  readonly #ring: KeyRing;
  /** The one that was opened first is the first. They end with the node. */
  readonly #sessions = new Map<string, number>();
  readonly #now: () => number;

  /** @param adminKey `null` lets everybody who reaches the port manage the node. */
  constructor(adminKey: string | null, now: () => number = Date.now) {
    this.#ring = new KeyRing(adminKey === null ? [] : [fullKey("admin", adminKey)]);
    this.#now = now;
  }

  get guard(): MiddlewareHandler<ApiEnv> {
    return async (c, next) => {
      const given = presentedKey(c.req.raw.headers);
      const isAdmin = given === null ? this.isSignedIn(c) : this.#ring.find(given) !== null;
      if (!this.#ring.isEmpty && !isAdmin) {
        throw new RefusedError({ kind: "key", given: given !== null });
      }
      await next();
    };
  }

  isSignedIn(c: Context): boolean {
    const session = getCookie(c, COOKIE);
    // 256 random bits: looking them up tells nothing of those that are close.
    const until = session === undefined ? undefined : this.#sessions.get(session);
    return this.#ring.isEmpty || (until !== undefined && until > this.#now());
  }

  /** @throws {RefusedError} where the key is another. */
  signIn(c: Context, key: string): void {
    if (!this.#ring.isEmpty && this.#ring.find(key) === null) {
      throw new RefusedError({ kind: "key", given: true });
    }
    const session = randomBytes(32).toString("base64url");
    this.#sessions.set(session, this.#now() + ADMIN_SESSION_S * 1_000);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > ADMIN_SESSIONS_MAX && oldest !== undefined) {
      this.#sessions.delete(oldest);
    }
    setCookie(c, COOKIE, session, {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: ADMIN_SESSION_S,
    });
  }

  signOut(c: Context): void {
    const session = deleteCookie(c, COOKIE, { path: "/" });
    if (session !== undefined) this.#sessions.delete(session);
  }
}
