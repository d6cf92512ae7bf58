import { useState } from "preact/hooks";
import { useFetched } from "../hooks/use_fetched.ts";
import { keyNote, keyText } from "../lib/agent_access.ts";
import { type ApiKeyView, createKey, fetchKeys, type MadeKey, removeKey } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";
import { displayName } from "../lib/format.ts";
import { CommandLine } from "./command_line.tsx";
import { TakeBack } from "./take_back.tsx";

interface KeyRowProps {
  readonly apiKey: ApiKeyView;
  readonly onTaken: (worked: boolean) => void;
}

function KeyRow({ apiKey, onTaken }: KeyRowProps) {
  const name = displayName(apiKey.name);
  return (
    <li class="entry-row" data-key={apiKey.name}>
      <p>
        <bdi>{name}</bdi> <span class="muted">{keyText(apiKey)}</span>
      </p>
      {apiKey.made && (
        <TakeBack
          verb="Remove"
          what={`the key ${name}`}
          effect="Programs that use it are refused."
          take={() => removeKey(apiKey.name)}
          onTaken={onTaken}
        />
      )}
    </li>
  );
}

interface ApiKeysProps {
  readonly keyed: boolean;
  /** The one that was made just now. */
  readonly made: MadeKey | null;
  readonly onMade: (key: MadeKey) => void;
  readonly onRemoved: (name: string) => void;
}

/** Makes keys of the API, and takes them back. */
export function ApiKeys({ keyed, made, onMade, onRemoved }: ApiKeysProps) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const { value, refresh } = useFetched(fetchKeys, null);
  async function make(): Promise<void> {
    setProblem(null);
    try {
      onMade(await createKey(name.trim()));
      setName("");
    } catch (error) {
      setProblem(wordsOf(error));
    }
    refresh();
  }
  return (
    <section class="card api-keys" aria-labelledby="api-keys-title">
      <h2 id="api-keys-title">Keys</h2>
      <p class="muted">{keyNote(keyed, made !== null)}</p>
      <form
        class="new-key"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <label class="field">
          <span>For which program or person</span>
          <input
            value={name}
            required
            maxLength={64}
            pattern="[\w.@\-]+"
            title="letters, digits and . _ @ -"
            placeholder="laptop"
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button">Make a key</button>
      </form>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      {made !== null && <CommandLine id="made-key" label="The new key" command={made.key} />}
      {value !== null && value.length > 0 && (
        <ul class="key-list" aria-label="Keys of the API">
          {value.map((key) => (
            <KeyRow
              key={key.name}
              apiKey={key}
              onTaken={(worked) => {
                refresh();
                if (worked) onRemoved(key.name);
              }}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
