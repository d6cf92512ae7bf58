import type { Headline, HeadlineAction } from "../lib/headline.ts";
import { CommandLine } from "./command_line.tsx";

interface HeadlinePanelProps {
  readonly headline: Headline;
  readonly onChat: () => void;
  readonly onModels: () => void;
  readonly onInvite: () => void;
}

interface ActionProps extends HeadlinePanelProps {
  readonly action: HeadlineAction;
}

function Action({ action, headline, onChat, onModels, onInvite }: ActionProps) {
  if (action.kind === "command") {
    return <CommandLine id="next-command" label={action.label} command={action.command} />;
  }
  // A load needs no help: during one the action is an offer, not a call.
  const weight = headline.tone === "loading" ? "" : "primary";
  return (
    <button
      type="button"
      id="next-action"
      class={`button ${weight}`}
      onClick={{ chat: onChat, models: onModels, invite: onInvite }[action.kind]}
    >
      {action.label}
    </button>
  );
}

/** How the mesh is, in one sentence, and what to do next. */
export function HeadlinePanel(props: HeadlinePanelProps) {
  const { headline } = props;
  return (
    <section class="headline" data-tone={headline.tone} aria-labelledby="headline-title">
      <div>
        <h1 id="headline-title" aria-live="polite">
          <span class="dot" aria-hidden="true" />
          <bdi>{headline.title}</bdi>
        </h1>
        <p class="headline-detail">{headline.detail}</p>
      </div>
      {headline.action !== null && <Action {...props} action={headline.action} />}
    </section>
  );
}
