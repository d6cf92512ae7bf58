import { useState } from "preact/hooks";
import type { Commands, InviteStatus } from "../../../src/api/base/types.ts";
import { useFetched } from "../hooks/use_fetched.ts";
import { createInvite, fetchInvites, revokeInvite } from "../lib/api.ts";
import {
  inOrder,
  type InviteForm,
  inviteName,
  inviteText,
  joinCommand,
  optionsOf,
} from "../lib/invites.ts";
import { CommandLine } from "./command_line.tsx";

const EMPTY: InviteForm = { role: "member", name: "", days: null, mayInvite: false };

const DURATIONS: readonly [label: string, days: number | null][] = [
  ["never", null],
  ["in a day", 1],
  ["in a week", 7],
  ["in a month", 30],
];

interface InvitesProps {
  readonly commands: Commands;
}

type Change = (change: Partial<InviteForm>) => void;

function Fields({ form, onChange }: { form: InviteForm; onChange: Change }) {
  return (
    <>
      <label class="field">
        <span>Its holder</span>
        <select
          value={form.role}
          onChange={(event) => onChange({ role: event.currentTarget.value as InviteForm["role"] })}
        >
          <option value="member">lends memory and serves</option>
          <option value="client">asks questions only</option>
        </select>
      </label>
      <label class="field">
        <span>For whom</span>
        <input
          value={form.name}
          maxLength={64}
          placeholder="to know it by"
          onInput={(event) => onChange({ name: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>Ends</span>
        <select
          value={String(form.days)}
          onChange={(event) =>
            onChange({ days: DURATIONS[event.currentTarget.selectedIndex]?.[1] ?? null })}
        >
          {DURATIONS.map(([label, days]) => (
            <option key={label} value={String(days)}>{label}</option>
          ))}
        </select>
      </label>
      {form.role === "member" && (
        <label class="check">
          <input
            type="checkbox"
            checked={form.mayInvite}
            onChange={(event) => onChange({ mayInvite: event.currentTarget.checked })}
          />
          May invite others
        </label>
      )}
    </>
  );
}

function NewInvite({ commands, onMade }: InvitesProps & { onMade: () => void }) {
  const [form, setForm] = useState(EMPTY);
  const [made, setMade] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  async function make(): Promise<void> {
    setProblem(null);
    try {
      const token = await createInvite(optionsOf(form, Date.now()));
      setMade(joinCommand(commands, form.role, token));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    onMade();
  }
  return (
    <form
      class="new-invite"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Fields form={form} onChange={(change) => setForm({ ...form, ...change })} />
      <button type="submit" class="button">Make an invite</button>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      {made !== null && (
        <div class="made-invite">
          <CommandLine id="made-invite" label="Run this on the other machine" command={made} />
        </div>
      )}
    </form>
  );
}

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

/** Makes invites of every kind, and takes them back. */
export default function Invites({ commands }: InvitesProps) {
  const { value, problem, refresh } = useFetched(fetchInvites, null);
  return (
    <>
      <NewInvite commands={commands} onMade={refresh} />
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <ul class="invite-list" aria-label="Invites">
        {inOrder(value ?? []).map((invite) => (
          <InviteRow key={invite.id} invite={invite} onRevoked={refresh} />
        ))}
      </ul>
    </>
  );
}
