import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { CatalogEntry, DownloadStatus } from "../../../src/api/base/types.ts";
import { actOnModel } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";
import {
  actionsOf,
  consequence,
  downloadFraction,
  downloadPercent,
  downloadText,
  fitText,
  hasSettings,
  type ModelAction,
  type Place,
} from "../lib/catalog_view.ts";
import { displayName, displayText, formatBytes, formatContext } from "../lib/format.ts";
import { STATE_TEXT } from "../lib/words.ts";
import { Bar } from "./bar.tsx";
import { ModelSettingsForm } from "./model_settings.tsx";

interface CatalogRowProps {
  readonly entry: CatalogEntry;
  readonly place: Place;
  /** Something was done: what is shown may no longer hold. */
  readonly onDone: () => void;
}

const ACTION_LABELS: Record<ModelAction, string> = {
  serve: "Serve",
  drop: "Stop serving",
  download: "Download",
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
};

function facts(entry: CatalogEntry): string[] {
  const { quantisation, contextLength, sizeBytes, vision, architecture } = entry;
  return [
    ...(sizeBytes > 0 ? [formatBytes(sizeBytes)] : []),
    ...(quantisation === null ? [] : [displayName(quantisation)]),
    ...(contextLength === null ? [] : [`${formatContext(contextLength)} context`]),
    ...(architecture === null ? [] : [displayName(architecture)]),
    ...(vision ? ["reads images"] : []),
  ];
}

function DownloadBar({ name, download }: { name: string; download: DownloadStatus }) {
  const text = downloadText(download);
  return (
    <div class="download" data-download={download.state}>
      <Bar
        role="progressbar"
        label={`Download of ${displayName(name)}`}
        text={`${downloadPercent(download)}: ${text}`}
        fraction={downloadFraction(download)}
      />
      <p class={download.state === "failed" ? "problem" : "muted"}>{text}</p>
    </div>
  );
}

/** Asks before it does what can't be undone, and says what will happen. */
function useActions({ entry, place, onDone }: CatalogRowProps) {
  const [asked, setAsked] = useState<ModelAction | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function act(action: ModelAction): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      // A download is known by its name: nobody has read its content yet.
      await actOnModel(action, action === "serve" || action === "drop" ? entry.id : entry.name);
      setAsked(null);
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
    onDone();
  }
  const choose = (action: ModelAction) =>
    consequence(action, entry, place) === null ? void act(action) : setAsked(action);
  return { asked, busy, problem, act, choose, leave: () => setAsked(null) };
}

export const CatalogRow = memo((props: CatalogRowProps) => {
  const { entry, place } = props;
  const { asked, busy, problem, act, choose, leave } = useActions(props);
  const [isSetting, setIsSetting] = useState(false);
  const fit = fitText(entry.fit, place, entry.state);
  const name = displayName(entry.id);
  const state = entry.state === "cold" ? null : STATE_TEXT[entry.state];
  return (
    <li class="catalog-row" data-catalog={entry.id} data-state={entry.state}>
      <div class="catalog-what">
        <h3>
          <bdi>{name}</bdi>
          {state !== null && <span class="badge" data-state={entry.state}>{state}</span>}
        </h3>
        <p class="muted facts">{facts(entry).map((fact) => <span key={fact}>{fact}</span>)}</p>
      </div>
      <p class="fit" data-fit={fit.kind}>
        <span>{fit.short}</span>
        <span class="muted">{fit.long}</span>
      </p>
      <div class="catalog-actions">
        {actionsOf(entry, place).map((action) => (
          <button
            key={action}
            type="button"
            class="button small"
            aria-label={`${ACTION_LABELS[action]}: ${name}`}
            disabled={busy}
            onClick={() => choose(action)}
          >
            {ACTION_LABELS[action]}
          </button>
        ))}
        {hasSettings(entry, place) && (
          <button
            type="button"
            class="button small"
            aria-label={`Settings: ${name}`}
            aria-expanded={isSetting}
            onClick={() => setIsSetting(!isSetting)}
          >
            Settings
          </button>
        )}
      </div>
      {entry.download !== null && <DownloadBar name={entry.id} download={entry.download} />}
      {entry.broken !== null && <p class="problem catalog-wide">{displayText(entry.broken)}</p>}
      {asked !== null && (
        <div
          class="catalog-ask catalog-wide"
          role="group"
          aria-label={`${ACTION_LABELS[asked]}: ${name}`}
        >
          <p>{consequence(asked, entry, place)}</p>
          <div class="row">
            <button
              type="button"
              class="button primary small"
              disabled={busy}
              onClick={() => void act(asked)}
            >
              {asked === "cancel" ? "Remove it" : ACTION_LABELS[asked]}
            </button>
            <button type="button" class="button small" onClick={leave}>Leave it</button>
          </div>
        </div>
      )}
      {problem !== null && <p class="problem catalog-wide" role="alert">{problem}</p>}
      {isSetting && (
        <ModelSettingsForm
          id={entry.id}
          revision={place.revisions.get(entry.id) ?? null}
          onClose={() => setIsSetting(false)}
        />
      )}
    </li>
  );
});
