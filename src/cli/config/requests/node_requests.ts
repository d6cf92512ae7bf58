import { absolute, dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** The node that runs, and the llama.cpp that it has. */
export function nodeRequests({ around, ask }: Asking): Pick<
  Actions,
  "status" | "ps" | "stop" | "logs" | "engineInstall" | "engineShow"
> {
  return {
    status: (options) => ask({ kind: "status", ...dataOf(options, around) }),
    ps: (options) => ask({ kind: "ps", ...dataOf(options, around) }),
    stop: (options) => ask({ kind: "stop", ...dataOf(options, around) }),
    logs: ({ follow = false, ...options }) =>
      ask({ kind: "logs", follow, ...dataOf(options, around) }),
    engineInstall: ({ from, backend = "auto", like, ...options }) =>
      ask({
        kind: "engine-install",
        from: from ?? null,
        backend,
        like: like ?? null,
        ...dataOf(options, around),
      }),
    engineShow: ({ binDir, ...options }) =>
      ask({ kind: "engine-show", binDir: absolute(binDir, around), ...dataOf(options, around) }),
  };
}
