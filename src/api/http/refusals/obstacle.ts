import { formatBytes } from "../../../base/format_bytes.ts";
import type { Obstacle } from "../../base/types.ts";
import { list, shorten, type Verdict } from "./verdict.ts";

/** A model that somebody has taken away is not there; one that can't be served now is another matter. */
export function judgeObstacle(obstacle: Obstacle): Verdict {
  const { kind } = obstacle;
  const model = `The model '${shorten(obstacle.model)}'`;
  switch (kind) {
    case "failed":
      return {
        status: 503,
        code: "model_failed",
        message: `${model} can't be loaded ${obstacle.reason}. It is tried again from time to ` +
          "time, and at once when its file changes or its machine is started anew",
      };
    case "waiting":
      return { status: 503, code: "model_waiting", message: `${model} ${lacking(obstacle)}` };
    case "downloading":
      return {
        status: 503,
        code: "model_downloading",
        message: `${model} is being downloaded by ${obstacle.by}: try again once it is there`,
      };
    case "dropped":
      return {
        status: 404,
        code: "model_dropped",
        message: `${model} is served no longer: it was dropped on ${list(obstacle.by)}, ` +
          "where `mesh-llm drop MODEL --undo` or the console serves it again",
        param: "model",
      };
    case "not-on-request":
      return {
        status: 404,
        code: "model_not_loaded",
        message: `${model} is on a disk of this mesh and not served, and loading by request is ` +
          "switched off where it could run (--no-load-on-request): `mesh-llm serve MODEL` or the " +
          "console loads it there",
        param: "model",
      };
    case "turn":
      return {
        status: 503,
        code: "model_waits_for_its_turn",
        message: `${model} waits until what ${list(obstacle.by)} answers now has ended: ` +
          "their memory holds one of the two at a time",
      };
    case "unclaimed":
      return {
        status: 503,
        code: "model_unserved",
        message: `${model} is wanted, and no machine that is here can serve it now`,
      };
  }
}

function lacking(
  { needBytes, haveBytes }: { readonly needBytes: number; readonly haveBytes: number },
): string {
  const [need, have] = [needBytes, haveBytes].map(formatBytes);
  return `waits for memory: it needs ${need}, and the machines that could share it have ${have}. ` +
    "Add a machine, or choose a smaller model";
}
