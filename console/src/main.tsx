import { render } from "preact";
import { App } from "./app.tsx";
import { signInByLink } from "./lib/api.ts";
import { signInCodeOf } from "./lib/sign_in_link.ts";
import { applyTheme, storedTheme } from "./lib/theme.ts";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/cards.css";
import "./styles/mesh.css";
import "./styles/models.css";
import "./styles/chat.css";
import "./styles/answer.css";

/** Nothing stays of the secret: neither in the address nor in the browser's history. */
async function signInByAddress(): Promise<boolean> {
  const code = signInCodeOf(location.hash);
  if (code === null) return false;
  history.replaceState(null, "", location.pathname);
  // If the cookie is no longer valid, the page itself asks its visitor to sign in.
  await signInByLink(code).catch(() => {});
  return true;
}

applyTheme(storedTheme());
await signInByAddress();
// An address that is opened in this page's own tab loads nothing.
addEventListener("hashchange", async () => {
  if (await signInByAddress()) location.reload();
});
const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
