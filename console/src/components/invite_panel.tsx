import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Commands, Status } from "../../../src/api/base/types.ts";
import { createInvite } from "../lib/api.ts";
import { inviteCommand } from "../lib/headline.ts";
import { joinCommand } from "../lib/invites.ts";
import { CommandLine } from "./command_line.tsx";
import { QrIcon } from "./icons.tsx";
import { Later } from "./later.tsx";

interface InvitePanelProps {
  /** As this node was started. */
  readonly commands: Commands;
  readonly token: string | null;
  readonly role: Status["node"]["role"];
}

type ClientToken =
  | { readonly kind: "none" | "asking" }
  | { readonly kind: "made"; readonly token: string }
  | { readonly kind: "failed"; readonly problem: string };

/** A token for clients alone: the one of the mesh would let its holder in as a member. */
function ClientInvite({ commands, meshToken }: { commands: Commands; meshToken: string }) {
  const [made, setMade] = useState<ClientToken>({ kind: "none" });
  const make = async () => {
    setMade({ kind: "asking" });
    try {
      const token = await createInvite({ role: "client" });
      setMade({ kind: "made", token });
    } catch (error) {
      setMade({ kind: "failed", problem: error instanceof Error ? error.message : String(error) });
    }
  };
  const token = made.kind === "made" ? made.token : meshToken;
  return (
    <div class="client-invite">
      <CommandLine
        id="client-command"
        label="Client only"
        command={joinCommand(commands, "client", token)}
      />
      <p class="muted hint">
        {made.kind === "made"
          ? "This token lets its holder ask questions, and nothing else."
          : "For a laptop that asks and lends no memory. "}
        {made.kind !== "made" && (
          <button
            type="button"
            class="button text"
            disabled={made.kind === "asking"}
            onClick={() => void make()}
          >
            Make a token for clients alone
          </button>
        )}
        {made.kind === "failed" && <span role="alert" class="problem">{made.problem}</span>}
      </p>
    </div>
  );
}

const loadInvites = () => import("./invites.tsx");
const loadQrCode = () => import("./qr_code.tsx");

/** Shown on request: who sees the picture holds the key. */
function TokenQrCode({ token }: { token: string }) {
  const [shown, setShown] = useState(false);
  return (
    <div class="qr-box">
      <button
        type="button"
        class="button small"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
      >
        <QrIcon />
        {shown ? "Hide QR code" : "Show QR code"}
      </button>
      {shown && (
        <Later load={loadQrCode} props={{ text: token, label: "The invite token as a QR code" }} />
      )}
    </div>
  );
}

/** Invites of other kinds, and those that were made. Asked for when somebody looks. */
function MoreInvites({ commands }: { commands: Commands }) {
  const [shown, setShown] = useState(false);
  return (
    <div class="more-invites">
      <button
        type="button"
        class="button small"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
      >
        {shown ? "Hide other invites" : "Other invites"}
      </button>
      {shown
        ? <Later load={loadInvites} props={{ commands }} />
        : <p class="muted">Invites for a limited time or for one person, and revoking them.</p>}
    </div>
  );
}

function Invite({ commands, token }: { commands: Commands; token: string }) {
  return (
    <>
      <p class="muted">
        Run one of these on another machine. The token is a key to your mesh: give it to people you
        trust.
      </p>
      <CommandLine
        id="join-command"
        label="Add a machine"
        command={joinCommand(commands, "member", token)}
      />
      <ClientInvite commands={commands} meshToken={token} />
      <CommandLine id="token" label="Invite token" command={token} />
      <TokenQrCode token={token} />
      <MoreInvites commands={commands} />
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
          : <Invite commands={commands} token={token} />}
      </div>
    </section>
  );
});
