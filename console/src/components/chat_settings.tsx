import type { ChatSettings } from "../lib/conversation.ts";

interface ChatSettingsProps {
  readonly settings: ChatSettings;
  /** Only what has changed: another field may have been filled in since this was drawn. */
  readonly onChange: (change: Partial<ChatSettings>) => void;
}

type Sampling = "temperature" | "topP" | "maxTokens";

interface Field {
  readonly key: Sampling;
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const FIELDS: readonly Field[] = [
  {
    key: "temperature",
    label: "Temperature",
    hint: "0 always says the same",
    min: 0,
    max: 2,
    step: 0.1,
  },
  { key: "topP", label: "Top P", hint: "part of the likely words", min: 0, max: 1, step: 0.05 },
  { key: "maxTokens", label: "Longest answer", hint: "in tokens", min: 1, max: 131_072, step: 1 },
];

/** A number in its bounds; `null` for an empty field. */
function valueOf(text: string, { min, max }: Field): number | null {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? null : Math.min(max, Math.max(min, value));
}

/** The settings of this conversation, which go to the model beside the questions. */
export function ChatSettingsForm({ settings, onChange }: ChatSettingsProps) {
  return (
    <form class="settings card" onSubmit={(event) => event.preventDefault()}>
      <label class="field wide">
        <span>System prompt</span>
        <textarea
          rows={3}
          value={settings.system}
          placeholder="How the model should answer in this conversation"
          onInput={(event) => onChange({ system: event.currentTarget.value })}
        />
      </label>
      {FIELDS.map((field) => (
        <label class="field" key={field.key}>
          <span>
            {field.label} <span class="muted">{field.hint}</span>
          </span>
          <input
            type="number"
            min={field.min}
            max={field.max}
            step={field.step}
            placeholder="as the model wants"
            value={settings[field.key] ?? ""}
            onChange={(event) =>
              onChange({ [field.key]: valueOf(event.currentTarget.value, field) })}
          />
        </label>
      ))}
    </form>
  );
}
