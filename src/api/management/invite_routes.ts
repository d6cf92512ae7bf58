import { Hono } from "hono";
import * as z from "zod";
import { reasonOf } from "../../base/as_error.ts";
import { InviteRefusedError, type ManagementNode } from "../base/types.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { jsonBody } from "./bodies.ts";

const inviteSchema = z.strictObject({
  role: z.enum(["member", "client"]).default("member"),
  name: z.string().min(1).max(64).exactOptional(),
  mayInvite: z.boolean().exactOptional(),
  /** Epoch milliseconds. */
  expiresAt: z.number().int().positive().exactOptional(),
});

/** The invites of this node, below `/api/tokens`. */
export function inviteRoutes(node: Pick<ManagementNode, "invite" | "tokens" | "revoke">) {
  return new Hono<ApiEnv>()
    .post("/", jsonBody(inviteSchema), async (c) => {
      const token = await node.invite(c.req.valid("json")).catch(refuseInvite);
      return c.json({ token });
    })
    .get("/", (c) => c.json({ tokens: node.tokens() }))
    .delete("/:id", async (c) => {
      const id = c.req.param("id");
      await node.revoke(id).catch(refuseRevocation);
      return c.json({ id });
    });
}

/** The way of a machine out of the mesh, below `/api/peers`. */
export function removalRoutes(node: Pick<ManagementNode, "removalOf" | "remove">) {
  return new Hono<ApiEnv>()
    .get("/:machine/removal", async (c) => {
      return c.json(await node.removalOf(c.req.param("machine")).catch(refuseRemoval));
    })
    .delete("/:machine", async (c) => {
      return c.json(await node.remove(c.req.param("machine")).catch(refuseRemoval));
    });
}

export function refuseInvite(error: unknown): never {
  const reason = reasonOf(error);
  throw new RefusedError({ kind: "not-allowed", reason }, { cause: error });
}

function refuseRevocation(error: unknown): never {
  refuseWhat(error, "unknown-invite");
}

export function refuseRemoval(error: unknown): never {
  refuseWhat(error, "unknown-machine");
}

function refuseWhat(error: unknown, unknown: "unknown-invite" | "unknown-machine"): never {
  if (!(error instanceof InviteRefusedError)) throw error;
  const kind = error.why === "unknown" ? unknown : "not-allowed";
  throw new RefusedError({ kind, reason: error.message }, { cause: error });
}
