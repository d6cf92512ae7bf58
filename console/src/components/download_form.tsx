import { useState } from "preact/hooks";
import { actOnModel } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";

/** For models that the catalog does not know. */
export function DownloadForm({ onDone }: { onDone: () => void }) {
  const [reference, setReference] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function begin(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await actOnModel("download", reference.trim());
      setReference("");
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
    onDone();
  }
  return (
    <form
      class="download-form"
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
    >
      <label class="field">
        <span>
          Another model{" "}
          <span class="muted">organisation/repository:quantisation, from Hugging Face</span>
        </span>
        <div class="row">
          <input
            value={reference}
            autocomplete="off"
            spellcheck={false}
            placeholder="bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M"
            onInput={(event) => setReference(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={busy || reference.trim() === ""}>
            Download
          </button>
        </div>
      </label>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}
