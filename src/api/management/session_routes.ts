import { Hono } from "hono";
import * as z from "zod";
import type { AdminDoor } from "../keys/admin_session.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { jsonBody, limitBody } from "./bodies.ts";

const secret = z.string().min(1).max(512);

/** The admin key, or the secret part of an address that signs in once. */
const signInSchema = z.union([z.strictObject({ key: secret }), z.strictObject({ code: secret })]);

/** Signing a browser in and out, below `/api/session`: before anybody is asked who they are. */
export function sessionRoutes(door: AdminDoor) {
  return new Hono<ApiEnv>()
    .get("/", async (c) => c.json({ signedIn: await door.isSignedIn(c) }))
    .post("/", limitBody(), jsonBody(signInSchema), async (c) => {
      const given = c.req.valid("json");
      if ("code" in given) door.signInByLink(c, given.code);
      else await door.signIn(c, given.key);
      return c.json({ signedIn: true });
    })
    .delete("/", (c) => {
      door.signOut(c);
      return c.json({ signedIn: false });
    });
}
