import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme, storedTheme } from "./lib/theme.ts";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/cards.css";
import "./styles/mesh.css";
import "./styles/models.css";
import "./styles/chat.css";
import "./styles/answer.css";

applyTheme(storedTheme());
const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
