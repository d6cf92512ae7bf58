import { SignIn } from "./sign_in.tsx";
import { formatClock } from "../lib/format.ts";
import type { LiveState } from "../lib/live_state.ts";

function sentences(live: LiveState): { title: string; detail: string } {
  const { status, lostAtMs, problem, needsKey } = live;
  if (needsKey) {
    return {
      title: "Sign in to see this node.",
      detail:
        "On its machine, mesh-llm status prints an address that signs you in. The admin key works too: " +
        "MESH_LLM_ADMIN_KEY, or adminKey in the data directory's node.json.",
    };
  }
  if (status === null) {
    return {
      title: "This page can't reach its node.",
      detail: problem ?? "Is mesh-llm still running in its terminal?",
    };
  }
  return {
    title: "The connection to this node is lost.",
    detail: problem ?? `This is how the mesh was at ${formatClock(lostAtMs ?? 0)}.`,
  };
}

/** Says that the node can't be heard, what is still shown, and what to do. */
export function ConnectionNotice({ live, onRetry }: { live: LiveState; onRetry: () => void }) {
  if (live.lostAtMs === null) return null;
  const { title, detail } = sentences(live);
  return (
    <div class="notice" role="alert" id="connection-notice">
      <p>
        <strong>{title}</strong> {detail} {!live.needsKey && "Trying again by itself."}
      </p>
      {live.needsKey
        ? <SignIn onSignedIn={onRetry} />
        : <button type="button" class="button" onClick={onRetry}>Try now</button>}
    </div>
  );
}
