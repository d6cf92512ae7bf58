import { GUIDE_MODEL, GUIDE_QUESTIONS } from "../lib/conversation.ts";
import { displayName } from "../lib/format.ts";

interface ChatWelcomeProps {
  readonly model: string | null;
  readonly onAsk: (question: string) => void;
}

/** An empty conversation: what can be done here. */
export function ChatWelcome({ model, onAsk }: ChatWelcomeProps) {
  if (model === null) {
    return (
      <div class="welcome">
        <h2>No model is ready yet</h2>
        <p>The chat opens as soon as one is.</p>
        <a class="button" href="#models">See the models</a>
      </div>
    );
  }
  if (model !== GUIDE_MODEL) {
    return (
      <div class="welcome">
        <h2>Ask {displayName(model)} anything</h2>
        <p>Your words stay inside the mesh.</p>
      </div>
    );
  }
  return (
    <div class="welcome">
      <h2>Ask the guide</h2>
      <p>
        A tiny model that knows this program, so that you can try everything before a download. It
        takes each question by itself.
      </p>
      <ul class="suggestions">
        {GUIDE_QUESTIONS.map((question) => (
          <li key={question}>
            <button type="button" class="button" onClick={() => onAsk(question)}>{question}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}
