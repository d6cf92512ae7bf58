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

type Rights = Pick<InviteForm, "role" | "mayInvite">;

interface RightsProps {
  readonly rights: Rights;
  readonly onChange: (change: Partial<Rights>) => void;
}

export function RoleField({ rights, onChange }: RightsProps) {
  return (
    <label class="field">
      <span>What it does</span>
      <select
        value={rights.role}
        onChange={(event) => onChange({ role: event.currentTarget.value as Rights["role"] })}
      >
        <option value="member">lends memory and serves</option>
        <option value="client">asks questions only</option>
      </select>
    </label>
  );
}

/** Clients never add others. */
export function MayInviteField({ rights, onChange }: RightsProps) {
  if (rights.role !== "member") return null;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={rights.mayInvite}
        onChange={(event) => onChange({ mayInvite: event.currentTarget.checked })}
      />
      May add other machines
    </label>
  );
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
      <RoleField rights={form} onChange={onChange} />
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
      <MayInviteField rights={form} onChange={onChange} />
    </>
  );
}
