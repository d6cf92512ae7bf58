import { useState } from "preact/hooks";
import { signIn } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";

/** For a user who is not recognised, and has the admin key. */
export function SignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  async function enter(): Promise<void> {
    try {
      await signIn(key);
      onSignedIn();
    } catch (error) {
      setProblem(wordsOf(error));
    }
  }
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      <label for="admin-key">Admin key</label>
      <input
        id="admin-key"
        type="password"
        autocomplete="current-password"
        value={key}
        onInput={(event) => setKey(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" disabled={key === ""}>Sign in</button>
      {problem !== null && <p class="problem">{problem}</p>}
    </form>
  );
}
