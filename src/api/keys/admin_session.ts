import { isLinkLocal, isLoopback, siteOf } from "../../base/ip_address.ts";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  ADMIN_SESSION_S,
  ADMIN_SESSIONS_MAX,
  SIGN_IN_LINK_MS,
  SIGN_IN_LINKS_MAX,
} from "../base/defaults.ts";
import { GuessGate } from "./guess_gate.ts";
import type { ApiEnv } from "./api_env.ts";
import { hostname } from "../http/hosts.ts";
import { fullKey, KeyRing, presentedKey } from "./keys.ts";
import type { LocalUser } from "../http/local_user.ts";
import { RefusedError } from "../http/openai_errors.ts";

const COOKIE = "mesh-llm-admin";

/** Headers that a proxy adds: the connection is the proxy's own, and the caller somebody else. */
const OF_A_PROXY = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

export interface AdminDoorOptions {
  /** `null` lets everybody who reaches the port manage the node. */
  readonly adminKey: string | null;
  /** A person has chosen the key, so that it may be guessed in headers too. @default {true} */
  readonly isChosen?: boolean | undefined;
  /** Recognises callers that need no key: this node's own user, on this machine. @default {nobody is} */
  readonly localUser?: LocalUser | undefined;
  readonly now?: () => number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Decides which callers may manage the node: those with the admin key, those that signed in with it or by a link, and
 * the node's own user. A page's event stream can't send headers, so a page signs in and is known by a cookie that no
 * script can read.
 */
export class AdminDoor {
  readonly #ring: KeyRing;
  readonly #localUser: LocalUser | undefined;
  readonly #gate = new GuessGate();
  readonly #isChosen: boolean;
  readonly #now: () => number;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Until when each counts. They end with the node. */
  readonly #sessions = new Expiring(ADMIN_SESSION_S * 1_000, ADMIN_SESSIONS_MAX);
  readonly #links = new Expiring(SIGN_IN_LINK_MS, SIGN_IN_LINKS_MAX);

  constructor(options: AdminDoorOptions) {
    const { adminKey, isChosen = true, localUser, now = Date.now } = options;
    this.#ring = new KeyRing(adminKey === null ? [] : [fullKey("admin", adminKey)]);
    this.#isChosen = isChosen;
    this.#localUser = localUser;
    this.#now = now;
    this.#pause = options.pause ?? ((ms, signal) => pause(ms, undefined, { signal }));
  }

  get guard(): MiddlewareHandler<ApiEnv> {
    return async (c, next) => {
      const given = presentedKey(c.req.raw.headers);
      const isAdmin = given === null ? await this.isSignedIn(c) : await this.isKey(c, given);
      if (!isAdmin) throw new RefusedError({ kind: "admin-key", given: given !== null });
      await next();
    };
  }

  /** For what has keys of its own: a key that is not the admin's shuts nobody out who is signed in. */
  get lenientGuard(): MiddlewareHandler<ApiEnv> {
    return async (c, next) => await this.isSignedIn(c) ? await next() : await this.guard(c, next);
  }

  async isSignedIn(c: Context<ApiEnv>): Promise<boolean> {
    if (this.#ring.isEmpty) return true;
    // 256 random bits: looking them up tells nothing of those that are close.
    const session = getCookie(c, COOKIE);
    if (session !== undefined && this.#sessions.has(session, this.#now())) return true;
    return await this.#isOwnUser(c);
  }

  /** @throws {RefusedError} where the key is another. */
  async signIn(c: Context<ApiEnv>, key: string): Promise<void> {
    if (!await this.#isRightInTurn(c, key)) {
      throw new RefusedError({ kind: "admin-key", given: true });
    }
    this.#begin(c);
  }

  /** @throws {RefusedError} where the link is none, was used, or is too old. */
  signInByLink(c: Context<ApiEnv>, code: string): void {
    if (!this.#links.take(code, this.#now())) throw new RefusedError({ kind: "sign-in-link" });
    this.#begin(c);
  }

  /** The secret part of an address that signs in once. */
  newLink(): string {
    return this.#links.add(this.#now());
  }

  signOut(c: Context): void {
    const session = deleteCookie(c, COOKIE, { path: "/" });
    if (session !== undefined) this.#sessions.take(session, this.#now());
  }

  #begin(c: Context): void {
    setCookie(c, COOKIE, this.#sessions.add(this.#now()), {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: ADMIN_SESSION_S,
    });
  }

  async #isOwnUser(c: Context<ApiEnv>): Promise<boolean> {
    const connection = c.env?.connection;
    if (this.#localUser === undefined || connection === undefined) return false;
    // The user for whom a proxy of the same user speaks is unknown; it names itself, or a Host that is not this
    // machine.
    const host = hostname(c.req.header("host") ?? "");
    if (host === null || !isLoopback(host)) return false;
    if (OF_A_PROXY.some((name) => c.req.header(name) !== undefined)) return false;
    return await this.#localUser.isOwn(connection);
  }

  /**
   * True for the admin key. Programs send it with each request. Nobody guesses one that the node has made, so that none
   * has to wait. @throws {RefusedError} where a caller guesses too much.
   */
  async isKey(c: Context<ApiEnv>, key: string): Promise<boolean> {
    return this.#isChosen ? await this.#isRightInTurn(c, key) : this.#isRight(key);
  }

  /** Takes its time where a caller has guessed before. @throws {RefusedError} where it does too much of it. */
  async #isRightInTurn(c: Context<ApiEnv>, key: string): Promise<boolean> {
    // Other users of this machine have its address too, and must not be in its own user's way.
    const line = await this.#isOwnUser(c) ? "own user, " : "";
    const caller = line + networkOf(c.env?.connection?.remoteAddress ?? "");
    const waitMs = this.#gate.enter(caller, this.#now());
    if (waitMs === null) throw new RefusedError({ kind: "guesses" });
    if (waitMs > 0) await this.#pause(waitMs, c.req.raw.signal);
    const isRight = this.#isRight(key);
    if (isRight) this.#gate.succeeded(caller);
    else this.#gate.failed(caller, this.#now());
    return isRight;
  }

  #isRight(key: string): boolean {
    return this.#ring.isEmpty || this.#ring.find(key) !== null;
  }
}

/** Secrets that are given out, each for a time. */
class Expiring {
  readonly #ms: number;
  readonly #max: number;
  /** The one that was made first is the first. */
  readonly #until = new Map<string, number>();

  constructor(ms: number, max: number) {
    this.#ms = ms;
    this.#max = max;
  }

  add(nowMs: number): string {
    const secret = randomBytes(32).toString("base64url");
    this.#until.set(secret, nowMs + this.#ms);
    const [oldest] = this.#until.keys();
    if (this.#until.size > this.#max && oldest !== undefined) this.#until.delete(oldest);
    return secret;
  }

  has(secret: string, nowMs: number): boolean {
    return (this.#until.get(secret) ?? -Infinity) > nowMs;
  }

  /** True once, while it counts. */
  take(secret: string, nowMs: number): boolean {
    const counts = this.has(secret, nowMs);
    this.#until.delete(secret);
    return counts;
  }
}

/** On one link neighbours share the network of their addresses. */
function networkOf(address: string): string {
  return isLinkLocal(address) ? address : siteOf(address);
}
