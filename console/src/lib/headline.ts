/** The one sentence that says how the mesh is, and the one thing to do next. Pure. */

import type { Commands, Status } from "../../../src/api/base/types.ts";
import { GUIDE_MODEL } from "./conversation.ts";
import { countOf, formatBytes } from "./format.ts";
import type { ModelView } from "./mesh_shapes.ts";
import { models, nodeCount } from "./mesh_view.ts";
import { modelNames, shortageText } from "./words.ts";

export type HeadlineAction =
  | { readonly kind: "chat"; readonly label: string }
  | { readonly kind: "models"; readonly label: string }
  | { readonly kind: "invite"; readonly label: string }
  | { readonly kind: "command"; readonly label: string; readonly command: string };

export interface Headline {
  readonly tone: "warm" | "loading" | "waiting" | "idle";
  readonly title: string;
  readonly detail: string;
  readonly action: HeadlineAction | null;
}

export function inviteCommand({ run }: Commands): string {
  return `${run} token`;
}

function inviteAction(status: Status): HeadlineAction {
  return status.mesh.token !== null ? { kind: "invite", label: "Add a machine" } : {
    kind: "command",
    label: "On a machine that may invite",
    command: inviteCommand(status.commands),
  };
}

function sharing(status: Status): string {
  const nodes = nodeCount(status);
  const memory = formatBytes(status.mesh.vramBytes);
  if (nodes === 0) return `The mesh offers ${memory}`;
  return nodes === 1
    ? `One machine offers ${memory}`
    : `${countOf(nodes, "machine")} share ${memory}`;
}

function howMuchMore({ shortage }: ModelView): string {
  if (shortage === null || shortage.needBytes <= shortage.haveBytes) return shortageText(null);
  const missing = formatBytes(shortage.needBytes - shortage.haveBytes);
  return `${shortageText(shortage)}: ${missing} more and it starts by itself`;
}

function whenWarm(
  status: Status,
  warm: readonly ModelView[],
  waiting: readonly ModelView[],
): Headline {
  const next = waiting.length > 0
    ? `${modelNames(waiting)} still ${waiting.length === 1 ? "waits" : "wait"} for memory.`
    : "Ask anything from this page.";
  return {
    tone: "warm",
    title: `${modelNames(warm)} ${warm.length === 1 ? "is" : "are"} ready`,
    detail: `${sharing(status)}. ${next}`,
    action: { kind: "chat", label: "Start a chat" },
  };
}

function whenLoading(status: Status, loading: readonly ModelView[]): Headline {
  return {
    tone: "loading",
    title: `Loading ${modelNames(loading)}`,
    detail: `${sharing(status)}. The chat opens as soon as loading ends.`,
    action: status.mesh.token === null ? null : inviteAction(status),
  };
}

function whenTurn(turn: readonly ModelView[]): Headline {
  const one = turn.length === 1;
  return {
    tone: "loading",
    title: `${modelNames(turn)} ${one ? "waits its turn" : "wait their turn"}`,
    detail: "Another model ends the answers that it has begun, and gives its memory back. " +
      "The chat opens as soon as loading ends.",
    action: null,
  };
}

function whenWaiting(status: Status, waiting: readonly ModelView[]): Headline {
  const first = waiting[0];
  return {
    tone: "waiting",
    title: `${modelNames(waiting)} ${waiting.length === 1 ? "waits" : "wait"} for memory`,
    detail: waiting.length === 1 && first !== undefined
      ? `${howMuchMore(first)}.`
      : `${sharing(status)}, which is not enough. Another machine helps.`,
    action: inviteAction(status),
  };
}

function whenFailed(failed: readonly ModelView[]): Headline {
  return {
    tone: "waiting",
    title: `${modelNames(failed)} can't be loaded`,
    detail: failed.length === 1 && failed[0]?.reason
      ? `${
        failed[0].reason
      }. It is tried again in growing pauses, and at once when its file changes.`
      : "The list of models says why. They are tried again in growing pauses.",
    action: { kind: "models", label: "Choose a model" },
  };
}

function whenClientAlone(status: Status): Headline {
  const nobody = status.peers.length === 0;
  const command = `${status.commands.start} --model ${GUIDE_MODEL}`;
  return {
    tone: "idle",
    title: nobody ? "No machine of the mesh answers" : "No model is ready yet",
    detail: nobody
      ? "This node is a client: it asks, and members answer. Start mesh-llm on one of them."
      : "This node is a client: it asks, and members answer. Start a model on one of them.",
    action: { kind: "command", label: "On a member", command },
  };
}

function whenCold(status: Status): Headline {
  if (status.node.role === "client") return whenClientAlone(status);
  if (status.node.engine === null) {
    return {
      tone: "idle",
      title: "This machine has no llama.cpp",
      detail: "Without it nothing can be served from here. It is installed with one command.",
      action: {
        kind: "command",
        label: "Install it",
        command: `${status.commands.run} engine install`,
      },
    };
  }
  return {
    tone: "idle",
    title: "No model is ready yet",
    detail: `${sharing(status)}. Choose a model that fits, and this machine serves it.`,
    action: { kind: "models", label: "Choose a model" },
  };
}

export function headline(status: Status): Headline {
  const groups = Map.groupBy(models(status, {}), (view) => view.state);
  const warm = groups.get("warm") ?? [];
  const loading = groups.get("loading") ?? [];
  const waiting = groups.get("waiting") ?? [];
  if (warm.length > 0) return whenWarm(status, warm, waiting);
  if (loading.length > 0) return whenLoading(status, loading);
  const turn = groups.get("turn") ?? [];
  if (turn.length > 0) return whenTurn(turn);
  if (waiting.length > 0) return whenWaiting(status, waiting);
  const failed = groups.get("failed") ?? [];
  return failed.length > 0 ? whenFailed(failed) : whenCold(status);
}
