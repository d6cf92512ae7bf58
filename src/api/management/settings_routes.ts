import { type Context, Hono } from "hono";
import * as z from "zod";
import {
  type SettingsActions,
  SettingsChangedError,
  SettingsRefusedError,
  type SettingsView,
} from "../base/types.ts";
import { answerFor, RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { type Managers, requireManage } from "../keys/manage.ts";
import { jsonBody, limitBody } from "./bodies.ts";
import { refuseModel } from "./model_errors.ts";

const changeSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()),
  revision: z.int().min(0).exactOptional(),
});

/** The settings of single models, below `/api/models`: also for keys that may manage, which reach nothing else here. */
export function settingsRoutes(settings: () => SettingsActions, managers: Managers) {
  return new Hono<ApiEnv>()
    .use("/:name/settings", requireManage(managers), limitBody())
    .get("/:name/settings", (c) => {
      try {
        return shown(c, settings().read(named(c, c.req.param("name"))));
      } catch (error) {
        return refuseModel(error);
      }
    })
    .patch("/:name/settings", jsonBody(changeSchema), (c) => {
      const { settings: given, revision = revisionIn(c) } = c.req.valid("json");
      const change = settings().change(named(c, c.req.param("name")), {
        settings: given,
        revision,
      });
      return answered(c, change);
    })
    .delete("/:name/settings", (c) => {
      return answered(c, settings().reset(named(c, c.req.param("name")), revisionIn(c)));
    });
}

/** A key for some models manages those. */
function named(c: Context<ApiEnv>, asked: string): string {
  const models = c.get("key")?.models ?? null;
  if (models === null || models.includes(asked)) return asked;
  throw new RefusedError({ kind: "not-found", reason: `This key is for no model ${asked}` });
}

async function answered(c: Context<ApiEnv>, change: Promise<SettingsView>) {
  try {
    return shown(c, await change);
  } catch (error) {
    if (error instanceof SettingsChangedError) {
      const { present, message: reason } = error;
      const { body, status } = answerFor({ kind: "settings-changed", reason });
      return c.json({ ...body, present }, status, tagOf(present));
    }
    if (error instanceof SettingsRefusedError) {
      throw new RefusedError({ kind: "bad-body", reason: error.message, param: error.key });
    }
    return refuseModel(error);
  }
}

function shown(c: Context<ApiEnv>, view: SettingsView) {
  return c.json(view, 200, tagOf(view));
}

function tagOf({ revision }: SettingsView) {
  return { etag: `"${revision}"` };
}

/** The condition of a caller that sends back the ETag in place of the revision. */
function revisionIn(c: Context<ApiEnv>): number | undefined {
  const given = c.req.header("if-match")?.trim();
  if (given === undefined || given === "*") return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(given) ?? [];
  if (digits !== undefined) return Number(digits);
  const reason = 'If-Match must be the ETag of the settings, such as "3"';
  throw new RefusedError({ kind: "bad-body", reason });
}
