import { useState } from "preact/hooks";
import type { Commands } from "../../../src/api/base/types.ts";
import { useAction } from "../hooks/use_action.ts";
import { createInvite } from "../lib/api.ts";
import {
  gettingText,
  type InviteForm,
  joinCommand,
  NEW_INVITE,
  optionsOf,
} from "../lib/invites.ts";
import { CommandLine } from "./command_line.tsx";
import { InviteFields } from "./invite_fields.tsx";
import { Later } from "./later.tsx";

interface AddMachineProps {
  readonly commands: Commands;
  /** A machine of this network needs no token: it asks, and is let in by a code. */
  readonly byCode: boolean;
}

interface Made {
  readonly role: InviteForm["role"];
  readonly token: string;
}

const loadQrCode = () => import("./qr_code.tsx");

/** For machines that can't take the command. Shown on request: who sees either holds the key. */
function TokenAlone({ token }: { token: string }) {
  const [shown, setShown] = useState(false);
  return (
    <details
      class="token-alone"
      onToggle={(event) => setShown(event.currentTarget.open)}
    >
      <summary>The token alone, as text and as a QR code</summary>
      {shown && (
        <>
          <CommandLine id="token" label="Invite token" command={token} />
          <Later
            load={loadQrCode}
            props={{ text: token, label: "The invite token as a QR code" }}
          />
        </>
      )}
    </details>
  );
}

interface MadeInviteProps {
  readonly commands: Commands;
  readonly made: Made;
  readonly onDone: () => void;
}

function MadeInvite({ commands, made, onDone }: MadeInviteProps) {
  return (
    <div class="add-machine" role="group" aria-label="How it joins">
      <CommandLine
        id="join-command"
        label="Run this there"
        command={joinCommand(commands, made.role, made.token)}
      />
      <p class="muted">The command holds a key to your mesh: everybody who has it can join.</p>
      <TokenAlone token={made.token} />
      <button type="button" class="button" onClick={onDone}>Add another machine</button>
    </div>
  );
}

/** One fresh invite with a name for each machine, so that one can be taken out again without the others. */
function NewInvite({ onMade }: { onMade: (made: Made) => void }) {
  const [form, setForm] = useState(NEW_INVITE);
  const { busy, problem, run } = useAction();
  const make = () =>
    run(async () => {
      const token = await createInvite(optionsOf(form, Date.now()));
      onMade({ role: form.role, token });
    });
  return (
    <form
      class="new-invite"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <InviteFields form={form} onChange={(change) => setForm({ ...form, ...change })} />
      <button type="submit" class="button primary" disabled={busy}>Make its command</button>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}

/** Two steps: the program, and the way in. */
export function AddMachine({ commands, byCode }: AddMachineProps) {
  const [made, setMade] = useState<Made | null>(null);
  return (
    <ol class="join-steps">
      <li>
        <h3>Get it</h3>
        <p class="muted">{gettingText(commands)}</p>
      </li>
      <li>
        <h3>Join</h3>
        {byCode && (
          <>
            <CommandLine
              id="start-command"
              label="On the same network, run this there"
              command={commands.start}
            />
            <p class="muted">
              It finds this mesh and offers to ask. The code that it shows then is typed here.
            </p>
            <h4>From another network</h4>
          </>
        )}
        {made === null
          ? <NewInvite onMade={setMade} />
          : <MadeInvite commands={commands} made={made} onDone={() => setMade(null)} />}
      </li>
    </ol>
  );
}
