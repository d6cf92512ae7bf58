import { Hono } from "hono";
import * as z from "zod";
import type { ManagementNode } from "../base/types.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { jsonBody } from "./bodies.ts";
import { refuseInvite, refuseRemoval } from "./invite_routes.ts";

const claimSchema = z.strictObject({
  claim: z.string().min(1).max(4_096),
  name: z.string().min(1).max(64).exactOptional(),
});

/** The relays of the mesh, below `/api/relays`. */
export function relayRoutes(node: Pick<ManagementNode, "relays">) {
  return new Hono<ApiEnv>()
    .get("/", (c) => c.json({ relays: node.relays.list() }))
    .post("/", jsonBody(claimSchema), async (c) => {
      const { claim, name } = c.req.valid("json");
      return c.json(await node.relays.add(claim, name).catch(refuseInvite));
    })
    .delete("/:id", async (c) => {
      const id = c.req.param("id");
      await node.relays.remove(id).catch(refuseRemoval);
      return c.json({ id });
    });
}
