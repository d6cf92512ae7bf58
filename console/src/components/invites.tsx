import type { InviteStatus } from "../../../src/api/base/types.ts";
import { useFetched } from "../hooks/use_fetched.ts";
import { fetchInvites, revokeInvite } from "../lib/api.ts";
import { inOrder, inviteName, inviteText } from "../lib/invites.ts";
import { TakeBack } from "./take_back.tsx";

function InviteRow({ invite, onRevoked }: { invite: InviteStatus; onRevoked: () => void }) {
  return (
    <li class="entry-row" data-invite={invite.id} data-state={invite.state}>
      <p>
        <bdi>{inviteName(invite)}</bdi> <span class="muted">{inviteText(invite)}</span>
      </p>
      {invite.state === "valid" && (
        <TakeBack
          verb="Revoke"
          what={inviteName(invite)}
          effect="Every node that joined by it is cut off."
          take={() => revokeInvite(invite.id)}
          onTaken={onRevoked}
        />
      )}
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
