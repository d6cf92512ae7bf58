import { useModelSettings } from "../hooks/use_model_settings.ts";
import { displayName, displayText } from "../lib/format.ts";
import { type Edits, type Form, formOf, type SettingKey } from "../lib/model_settings.ts";

interface ModelSettingsProps {
  readonly id: string;
  /** As the status has it. */
  readonly revision: number | null;
  readonly onClose: () => void;
}

interface Field {
  readonly key: Exclude<SettingKey, "pin" | "args">;
  readonly label: string;
  readonly hint: string;
}

const FIELDS: readonly Field[] = [
  { key: "ctx", label: "Context", hint: "tokens of each request, or auto" },
  { key: "parallel", label: "Requests at one time", hint: "a number, or auto" },
  { key: "aliases", label: "Further names", hint: "with commas between them" },
  { key: "draft", label: "Draft", hint: "a small model here, auto, or none" },
  { key: "idle_unload", label: "Unload when idle for", hint: "such as 15m, or never" },
  { key: "device", label: "Devices", hint: "such as CUDA0, none for the CPU, or auto" },
];

function Fields({ form, configured, onEdit }: {
  form: Form;
  configured: Form;
  onEdit: (edits: Edits) => void;
}) {
  return (
    <>
      {FIELDS.map(({ key, label, hint }) => (
        <label class="field" key={key}>
          <span>
            {label} <span class="muted">{hint}</span>
          </span>
          <input
            value={form[key]}
            placeholder={configured[key]}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => onEdit({ [key]: event.currentTarget.value })}
          />
        </label>
      ))}
      <label class="field wide">
        <span>
          Arguments of llama-server <span class="muted">one in each line, such as --temp 0.6</span>
        </span>
        <textarea
          rows={3}
          value={form.args}
          placeholder={configured.args}
          spellcheck={false}
          onInput={(event) => onEdit({ args: event.currentTarget.value })}
        />
      </label>
      <label class="check wide">
        <input
          type="checkbox"
          checked={form.pin}
          onChange={(event) => onEdit({ pin: event.currentTarget.checked })}
        />
        Serve it here from each start on, as --model does
      </label>
    </>
  );
}

/** All that this machine does with one model, to be changed while it serves. */
export function ModelSettingsForm({ onClose, ...model }: ModelSettingsProps) {
  const { view, edits, busy, news, problem, edit, save, reset } = useModelSettings(model);
  const name = displayName(model.id);
  const isEdited = Object.keys(edits).length > 0;
  return (
    <form
      class="model-settings catalog-wide"
      aria-label={`Settings of ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {view === null && problem === null && <p class="empty">Asking for the settings…</p>}
      {view !== null && (
        <Fields
          form={{ ...formOf(view.settings), ...edits }}
          configured={formOf(view.configured)}
          onEdit={edit}
        />
      )}
      <p class="muted wide">
        These settings hold on this machine. An empty field goes back to what config.toml and the
        options say.
      </p>
      {view !== null && view.problem !== null && (
        <p class="problem wide">{displayText(view.problem)}</p>
      )}
      {problem !== null && <p class="problem wide" role="alert">{problem}</p>}
      {news !== null && <p class="wide" role="status">{news}</p>}
      <div class="row wide">
        <button type="submit" class="button primary small" disabled={busy || !isEdited}>
          Save
        </button>
        <button
          type="button"
          class="button small"
          disabled={busy || view === null || Object.keys(view.changed).length === 0}
          onClick={reset}
        >
          Take all changes back
        </button>
        <button type="button" class="button small" onClick={onClose}>Close</button>
      </div>
    </form>
  );
}
