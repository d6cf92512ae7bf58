import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/cards.css";
import "./styles/chat.css";

const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
