import type { InviteForm } from "../lib/invites.ts";

const DURATIONS: readonly [label: string, days: number | null][] = [
  ["never", null],
  ["in a day", 1],
  ["in a week", 7],
  ["in a month", 30],
];

interface InviteFieldsProps {
  readonly form: InviteForm;
  readonly onChange: (change: Partial<InviteForm>) => void;
}

/** The name of who is added, its rights, and their end. */
export function InviteFields({ form, onChange }: InviteFieldsProps) {
  return (
    <>
      <label class="field">
        <span>Name of the machine or its owner</span>
        <input
          value={form.name}
          maxLength={64}
          placeholder="to know it by"
          onInput={(event) => onChange({ name: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>What it does</span>
        <select
          value={form.role}
          onChange={(event) => onChange({ role: event.currentTarget.value as InviteForm["role"] })}
        >
          <option value="member">lends memory and serves</option>
          <option value="client">asks questions only</option>
        </select>
      </label>
      <label class="field">
        <span>Its membership ends</span>
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
          May add other machines
        </label>
      )}
    </>
  );
}
