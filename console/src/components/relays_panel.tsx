import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Commands, RelayView } from "../../../src/api/base/types.ts";
import { useAction } from "../hooks/use_action.ts";
import { addRelay, removeRelay } from "../lib/api.ts";
import { relayRows } from "../lib/relays.ts";
import { CommandLine } from "./command_line.tsx";
import { TakeBack } from "./take_back.tsx";

/** Takes the claim that a relay has printed. */
function NewRelay({ commands, onAdded }: { commands: Commands; onAdded: () => void }) {
  const [claim, setClaim] = useState("");
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const add = () =>
    run(async () => {
      const named = name.trim();
      await addRelay({ claim: claim.trim(), ...(named !== "" && { name: named }) });
      onAdded();
    });
  return (
    <form
      class="new-relay"
      aria-label="Add a relay"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <CommandLine
        id="relay-command"
        label="Run this on a server that both networks reach"
        command={`${commands.run} relay`}
      />
      <label class="field">
        <span>The claim that it prints</span>
        <input
          value={claim}
          required
          autocomplete="off"
          spellcheck={false}
          placeholder="relay1_…"
          onInput={(event) => setClaim(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>A name for it</span>
        <input
          value={name}
          maxLength={64}
          autocomplete="off"
          placeholder="server"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary" disabled={busy}>Add it</button>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}

interface RelaysPanelProps {
  readonly relays: readonly RelayView[];
  readonly commands: Commands;
  /** This node may invite, so it may add relays and take them out. */
  readonly mayChange: boolean;
}

/** The relays of the mesh by their names, and a way to add one. */
export const RelaysPanel = memo(({ relays, commands, mayChange }: RelaysPanelProps) => {
  const [adding, setAdding] = useState(false);
  return (
    <section class="panel relays" aria-labelledby="relays-title">
      <h2 id="relays-title">Relays</h2>
      <div class="card">
        <p class="muted">
          A relay carries data between machines that can't reach each other, and can't read it.
        </p>
        <ul class="relay-list" aria-label="Relays" aria-live="polite">
          {relayRows(relays).map((relay) => (
            <li key={relay.id} class="entry-row" data-relay={relay.id}>
              <p>
                <bdi>{relay.name}</bdi> <span class="muted">{relay.detail}</span>
              </p>
              {mayChange && (
                <TakeBack
                  verb="Remove"
                  what={relay.name}
                  effect="Machines that need it may lose each other."
                  take={() => removeRelay(relay.id)}
                  onTaken={() =>
                    undefined}
                />
              )}
            </li>
          ))}
        </ul>
        {mayChange && (
          <button
            type="button"
            class="button small"
            aria-expanded={adding}
            onClick={() => setAdding(!adding)}
          >
            {adding ? "Add none" : "Add a relay"}
          </button>
        )}
        {adding && <NewRelay commands={commands} onAdded={() => setAdding(false)} />}
      </div>
    </section>
  );
});
