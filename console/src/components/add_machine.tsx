import { useState } from "preact/hooks";
import type { Commands } from "../../../src/api/base/types.ts";
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

function Steps({ commands, made, onDone }: AddMachineProps & { made: Made; onDone: () => void }) {
  return (
    <>
      <ol class="join-steps">
        <li>
          <p>Get mesh-llm on that machine.</p>
          <p class="muted">{gettingText(commands)}</p>
        </li>
        <li>
          <p>Join: run this there.</p>
          <CommandLine
            id="join-command"
            label={made.role === "client" ? "Client only" : "Add a machine"}
            command={joinCommand(commands, made.role, made.token)}
          />
          <p class="muted">The command holds a key to your mesh: everybody who has it can join.</p>
        </li>
      </ol>
      <TokenAlone token={made.token} />
      <button type="button" class="button" onClick={onDone}>Add another machine</button>
    </>
  );
}

/** One fresh invite with a name for each machine, so that one can be taken out again without the others. */
export function AddMachine({ commands }: AddMachineProps) {
  const [form, setForm] = useState(NEW_INVITE);
  const [made, setMade] = useState<Made | null>(null);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function make(): Promise<void> {
    setProblem(null);
    setAsking(true);
    try {
      const token = await createInvite(optionsOf(form, Date.now()));
      setMade({ role: form.role, token });
      setForm(NEW_INVITE);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsking(false);
    }
  }
  if (made !== null) {
    return (
      <div class="add-machine" role="group" aria-label="How it joins">
        <Steps commands={commands} made={made} onDone={() => setMade(null)} />
      </div>
    );
  }
  return (
    <form
      class="new-invite"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <InviteFields form={form} onChange={(change) => setForm({ ...form, ...change })} />
      <button type="submit" class="button primary" disabled={asking}>Add it</button>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}
