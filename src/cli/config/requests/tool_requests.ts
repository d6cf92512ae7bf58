import { UsageError } from "../../base/usage_error.ts";
import { dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** Chats, agents, and what a shell completes. */
export function toolRequests({ around, ask }: Asking): Pick<
  Actions,
  "chat" | "runAgent" | "licenses" | "completions" | "complete"
> {
  return {
    chat: (words, { api, history, ...options }) => {
      if (api !== undefined && !/^https?:\/\//.test(api)) {
        throw new UsageError(
          `--api must be a URL such as http://127.0.0.1:9337: current value is ${
            JSON.stringify(api)
          }`,
        );
      }
      const { dataDir } = dataOf(options, around);
      ask({ kind: "chat", words, apiUrl: api ?? null, history, dataDir });
    },
    runAgent: (agent, words, { model, address, exec = false, ...options }) =>
      ask({
        kind: "run-agent",
        agent,
        model: model ?? null,
        address: address ?? null,
        exec,
        words,
        ...dataOf(options, around),
      }),
    licenses: ({ json = false }) => ask({ kind: "licenses", json }),
    completions: (shell) => ask({ kind: "completions", shell }),
    complete: (words) => ask({ kind: "complete", words }),
  };
}
