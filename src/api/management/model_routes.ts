import { Hono } from "hono";
import type { ManagementNode } from "../base/types.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { refuseModel } from "./model_errors.ts";

/** Actions on models, below `/api/models`. */
export function modelRoutes(node: Pick<ManagementNode, "modelActions" | "serve" | "drop">) {
  return new Hono<ApiEnv>()
    .get(
      "/:name/download",
      (c) => c.json(node.modelActions.downloadStatus(c.req.param("name"))),
    )
    .post(
      "/:name/download",
      async (c) =>
        c.json(await node.modelActions.download(c.req.param("name")).catch(refuseModel), 202),
    )
    .post("/:name/download/pause", async (c) => {
      await node.modelActions.pauseDownload(c.req.param("name")).catch(refuseModel);
      return c.json({});
    })
    .delete("/:name/download", async (c) => {
      await node.modelActions.cancelDownload(c.req.param("name")).catch(refuseModel);
      return c.json({});
    })
    .delete("/:name", async (c) => {
      const model = c.req.param("name");
      await node.modelActions.remove(model).catch(refuseModel);
      return c.json({ model });
    })
    .post("/:name/serve", async (c) => {
      const model = c.req.param("name");
      await node.serve(model).catch(refuseModel);
      return c.json({ model });
    })
    .post("/:name/drop", async (c) => {
      const model = c.req.param("name");
      await node.drop(model).catch(refuseModel);
      return c.json({ model });
    });
}
