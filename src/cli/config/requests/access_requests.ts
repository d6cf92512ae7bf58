import { dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** Invites of machines, and keys of the API. */
export function accessRequests({ around, ask }: Asking): Pick<
  Actions,
  "token" | "tokenList" | "tokenRevoke" | "tokenRemove" | "keyMake" | "keyList" | "keyRemove"
> {
  return {
    token: ({ role, name, mayInvite, invite, expires, ...options }) =>
      ask({
        kind: "token",
        role,
        name: name ?? null,
        mayInvite: mayInvite ?? (invite ? null : false),
        expiresMs: expires ?? null,
        ...dataOf(options, around),
      }),
    tokenList: (options) => ask({ kind: "token-list", ...dataOf(options, around) }),
    tokenRevoke: (id, options) => ask({ kind: "token-revoke", id, ...dataOf(options, around) }),
    tokenRemove: (machine, { yes = false, ...options }) =>
      ask({ kind: "token-remove", machine, yes, ...dataOf(options, around) }),
    keyMake: (name, { model, ...options }) =>
      ask({ kind: "key-make", name, models: model ?? null, ...dataOf(options, around) }),
    keyList: (options) => ask({ kind: "key-list", ...dataOf(options, around) }),
    keyRemove: (name, options) => ask({ kind: "key-remove", name, ...dataOf(options, around) }),
  };
}
