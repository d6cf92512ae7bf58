import { resolve } from "node:path";
import { proxySettings } from "../../../base/proxy_choice.ts";
import { UsageError } from "../../base/usage_error.ts";
import { dataOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
import type { Asking } from "./asking.ts";

const VERSION = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

export function updateRequests({ around, ask }: Asking): Pick<Actions, "update"> {
  return {
    update: ({ check = false, rollback = false, restart, to, from, ...options }) => {
      const proxies = proxySettings({ ...around.environment });
      ask({
        kind: "update",
        check,
        rollback,
        restart,
        to: to === undefined ? null : versionIn(to),
        from: from === undefined ? null : placeOf(from, around.facts.cwd),
        ...(proxies === undefined ? {} : { proxies }),
        ...dataOf(options, around),
      });
    },
  };
}

function versionIn(text: string): string {
  const [, version] = VERSION.exec(text) ?? [];
  if (version !== undefined) return version;
  throw new UsageError(
    `--to must be a version such as 1.2.3: current value is ${JSON.stringify(text)}`,
  );
}

function placeOf(text: string, cwd: string): string {
  return /^https?:\/\//.test(text) ? text : resolve(cwd, text);
}
