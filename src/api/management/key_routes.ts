import { Hono, type MiddlewareHandler } from "hono";
import * as z from "zod";
import { isModelName } from "../../base/model_name.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { KeyBook } from "../keys/key_book.ts";
import { keyName } from "../keys/key_file.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { type Managers, requireManage } from "../keys/manage.ts";
import { jsonBody, limitBody } from "./bodies.ts";

const keySchema = z.strictObject({
  name: keyName,
  /** All where it is left out. */
  models: z.array(z.string().refine(isModelName, "must be names of models")).nullable()
    .exactOptional(),
});

/** `/api/keys`: keys of the API, for the console and for keys with the right to manage. */
export function keyRoutes(book: KeyBook, managers: Managers) {
  return new Hono<ApiEnv>()
    .use(requireManage(managers), refuseConfined(), limitBody())
    .get("/", (c) => c.json({ keys: book.list() }))
    .post("/", jsonBody(keySchema), async (c) => {
      const { name, models = null } = c.req.valid("json");
      const { key } = await book.make(name, models);
      return c.json({ name, key });
    })
    .delete("/:name", async (c) => {
      const name = c.req.param("name");
      await book.remove(name);
      return c.json({ name });
    });
}

/** A key for some models would make itself one for all. */
function refuseConfined(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { name, models = null } = c.get("key") ?? {};
    if (models !== null) {
      const reason = `The key '${name}' is for some models only, and may not manage keys`;
      throw new RefusedError({ kind: "not-allowed", reason });
    }
    await next();
  };
}
