import { dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

/** Machines that ask the running node to join. */
export function pairRequests({ around, ask }: Asking): Pick<
  Actions,
  "pairList" | "pairAccept" | "pairRefuse"
> {
  return {
    pairList: (options) => ask({ kind: "pair-list", ...dataOf(options, around) }),
    pairAccept: (code, { role, name, mayInvite, invite, ...options }) =>
      ask({
        kind: "pair-accept",
        code,
        role,
        name: name ?? null,
        mayInvite: mayInvite ?? (invite ? null : false),
        ...dataOf(options, around),
      }),
    pairRefuse: (options) => ask({ kind: "pair-refuse", ...dataOf(options, around) }),
  };
}
