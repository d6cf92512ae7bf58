import { Hono } from "hono";
import * as z from "zod";
import { type ManagementNode, PairingRefusedError } from "../base/types.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { jsonBody } from "./bodies.ts";

/** As its machine shows it, with or without what stands between the halves. */
const CODE = /^\s*\d{3}[\s-]?\d{3}\s*$/;

const id = z.string().min(1).max(64).exactOptional();

const acceptSchema = z.strictObject({
  id,
  code: z.string().regex(CODE, "it is no code of six digits"),
  role: z.enum(["member", "client"]),
  mayInvite: z.boolean().exactOptional(),
  name: z.string().min(1).max(64).exactOptional(),
});

const askSchema = z.strictObject({
  mesh: z.string().min(1).max(64),
  leave: z.boolean().default(false),
});

/** Machines of the local network that ask to join, below `/api/pairing`. */
export function pairingRoutes(node: Pick<ManagementNode, "pairing">) {
  return new Hono<ApiEnv>()
    .get("/", (c) => c.json(node.pairing.view()))
    .post("/accept", jsonBody(acceptSchema), async (c) => {
      return c.json(await node.pairing.accept(c.req.valid("json")).catch(refuse));
    })
    .post("/refuse", jsonBody(z.strictObject({ id })), async (c) => {
      await node.pairing.refuse(c.req.valid("json").id).catch(refuse);
      return c.body(null, 204);
    })
    .post("/ask", jsonBody(askSchema), async (c) => {
      await node.pairing.ask(c.req.valid("json")).catch(refuse);
      return c.body(null, 202);
    })
    .post("/cancel", async (c) => {
      await node.pairing.cancel().catch(refuse);
      return c.body(null, 204);
    });
}

function refuse(error: unknown): never {
  if (!(error instanceof PairingRefusedError)) throw error;
  const { why, message: reason, triesLeft } = error;
  throw new RefusedError({ kind: "pairing", why, reason, triesLeft }, { cause: error });
}
