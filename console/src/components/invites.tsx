import { useState } from "preact/hooks";
import type { InviteStatus } from "../../../src/api/base/types.ts";
import { useFetched } from "../hooks/use_fetched.ts";
import { fetchInvites, revokeInvite } from "../lib/api.ts";
import { inOrder, inviteName, inviteText } from "../lib/invites.ts";

function InviteRow({ invite, onRevoked }: { invite: InviteStatus; onRevoked: () => void }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function revoke(): Promise<void> {
    try {
      await revokeInvite(invite.id);
      setAsking(false);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    onRevoked();
  }
  return (
    <li class="invite-row" data-invite={invite.id} data-state={invite.state}>
      <p>
        <bdi>{inviteName(invite)}</bdi> <span class="muted">{inviteText(invite)}</span>
      </p>
      {invite.state === "valid" && !asking && (
        <button
          type="button"
          class="button small"
          aria-label={`Revoke ${inviteName(invite)}`}
          onClick={() => setAsking(true)}
        >
          Revoke
        </button>
      )}
      {asking && (
        <div class="row" role="group" aria-label="Confirm the action">
          <span>Every node that joined by it is cut off.</span>
          <button type="button" class="button small danger" onClick={() => void revoke()}>
            Revoke it
          </button>
          <button type="button" class="button small" onClick={() => setAsking(false)}>
            Leave it
          </button>
        </div>
      )}
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </li>
  );
}

/** The invites that were made, which can be taken back. */
export default function Invites() {
  const { value, problem, refresh } = useFetched(fetchInvites, null);
  return (
    <>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <ul class="invite-list" aria-label="Invites">
        {inOrder(value ?? []).map((invite) => (
          <InviteRow key={invite.id} invite={invite} onRevoked={refresh} />
        ))}
      </ul>
    </>
  );
}
