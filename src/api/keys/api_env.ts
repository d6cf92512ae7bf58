import type { KeepAlive } from "../../base/keep_alive.ts";
import type { CallerEnds } from "../http/local_user.ts";
import type { ApiKey } from "./keys.ts";

/** The values that every route of both ports may read of its request. */
export type ApiEnv = {
  Bindings: {
    /** The caller's connection; none where a test asks without one. */
    readonly connection?: CallerEnds;
    /** The path that the caller asked, where the request is a translation of it. */
    readonly askedPath?: string;
    /** How long the model is to stay loaded after the answer, if the request says so. */
    readonly keepAlive?: KeepAlive | undefined;
    /** The tokens that prompt and answer may have together, if the request counts on so many. */
    readonly wantedContext?: number | undefined;
  };
  Variables: {
    requestId: string;
    /** The key of the request, if keys are required. */
    key?: ApiKey;
  };
};
