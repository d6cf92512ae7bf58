import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Commands, Status } from "../../../src/api/base/types.ts";
import { inviteCommand } from "../lib/headline.ts";
import { AddMachine } from "./add_machine.tsx";
import { CommandLine } from "./command_line.tsx";
import { Later } from "./later.tsx";

interface InvitePanelProps {
  /** As this node was started. */
  readonly commands: Commands;
  /** Of the mesh: `null` where this node may not invite. */
  readonly token: string | null;
  readonly role: Status["node"]["role"];
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

function Invite({ commands }: { commands: Commands }) {
  return (
    <>
      <p class="muted">
        Each machine gets an invite of its own. Members can run code on each other: add machines of
        people you trust, and let others only ask.
      </p>
      <AddMachine commands={commands} />
      <MadeInvites />
    </>
  );
}

function NoInvite({ commands, role }: Omit<InvitePanelProps, "token">) {
  return (
    <>
      <p class="muted">
        {role === "client"
          ? "This node is a client: it asks the mesh and can't invite others."
          : "This node joined by an invite that does not allow inviting others."}{" "}
        Ask the person who runs the mesh for a token, or print one on a machine that may invite:
      </p>
      <CommandLine
        id="invite-elsewhere"
        label="On a machine that may invite"
        command={inviteCommand(commands)}
      />
    </>
  );
}

export const InvitePanel = memo(({ commands, token, role }: InvitePanelProps) => {
  return (
    <section class="panel invite" id="invite" tabIndex={-1} aria-labelledby="invite-title">
      <h2 id="invite-title">Add a machine</h2>
      <div class="card">
        {token === null
          ? <NoInvite commands={commands} role={role} />
          : <Invite commands={commands} />}
      </div>
    </section>
  );
});
