import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Commands, PairingView, Status } from "../../../src/api/base/types.ts";
import { inviteCommand } from "../lib/headline.ts";
import { requestName, whyNotAdd } from "../lib/pairing.ts";
import { AddMachine } from "./add_machine.tsx";
import { CommandLine } from "./command_line.tsx";
import { JoinRequests } from "./join_requests.tsx";
import { Later } from "./later.tsx";

interface InvitePanelProps {
  /** As this node was started. */
  readonly commands: Commands;
  /** Of the mesh: `null` where this node may not invite. */
  readonly token: string | null;
  readonly role: Status["node"]["role"];
  readonly pairing: PairingView;
  /** Machines of this network find this mesh. */
  readonly isAnnounced: boolean;
}

const loadInvites = () => import("./invites.tsx");

/** Asked for when somebody looks. */
function MadeInvites() {
  const [shown, setShown] = useState(false);
  return (
    <div class="more-invites">
      <button
        type="button"
        class="button small"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
      >
        {shown ? "Hide the invites" : "Invites that were made"}
      </button>
      {shown && <Later load={loadInvites} props={{}} />}
    </div>
  );
}

function Invite({ commands, pairing, isAnnounced }: Omit<InvitePanelProps, "token" | "role">) {
  return (
    <>
      <JoinRequests requests={pairing.requests} />
      <p class="muted">
        Each machine gets an invite of its own. Members can run code on each other: add machines of
        people you trust, and let others only ask.
      </p>
      <AddMachine commands={commands} byCode={pairing.mayAccept && isAnnounced} />
      <MadeInvites />
    </>
  );
}

function NoInvite({ commands, role, pairing }: Omit<InvitePanelProps, "token" | "isAnnounced">) {
  return (
    <>
      {pairing.requests.map((request) => (
        <h3 key={request.id}>
          <bdi>{requestName(request)}</bdi> asks to join
        </h3>
      ))}
      <p class="muted">
        {whyNotAdd(role)}{" "}
        Type the code of such a machine on one that may, or ask the person who runs the mesh for a
        token:
      </p>
      <CommandLine
        id="invite-elsewhere"
        label="On a machine that may invite"
        command={inviteCommand(commands)}
      />
    </>
  );
}

/** Begins with the machines that ask. */
export const InvitePanel = memo((props: InvitePanelProps) => {
  return (
    <section class="panel invite" id="invite" tabIndex={-1} aria-labelledby="invite-title">
      <h2 id="invite-title">Add a machine</h2>
      <div class="card">
        {props.token === null ? <NoInvite {...props} /> : <Invite {...props} />}
      </div>
    </section>
  );
});
