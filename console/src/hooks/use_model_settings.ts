import { useEffect, useRef, useState } from "preact/hooks";
import type { SettingsView } from "../../../src/api/base/types.ts";
import { changeSettings, fetchSettings, resetSettings, type SettingsAnswer } from "../lib/api.ts";
import { wordsOf } from "../lib/api_error.ts";
import { changeOf, type Edits, savedText, withoutSame } from "../lib/model_settings.ts";

export interface ModelSettings {
  /** As the node has told them last; `null` until it has. */
  readonly view: SettingsView | null;
  readonly edits: Edits;
  readonly busy: boolean;
  /** Of what has been done, or of others, in a sentence. */
  readonly news: string | null;
  readonly problem: string | null;
  readonly edit: (edits: Edits) => void;
  readonly save: () => void;
  readonly reset: () => void;
}

const CHANGED_ELSEWHERE =
  "These settings were changed elsewhere meanwhile: all fields that you have not touched show the newer values.";

/**
 * The settings of one model, which others may change at the same time: what was typed stays, all else follows the node.
 * @param revision as the status has it
 */
export function useModelSettings(
  { id, revision }: { id: string; revision: number | null },
): ModelSettings {
  const [view, setView] = useState<SettingsView | null>(null);
  const [edits, setEdits] = useState<Edits>({});
  const [busy, setBusy] = useState(false);
  const [news, setNews] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const known = useRef<SettingsView | null>(null);
  const typed = useRef<Edits>({});
  /** The status may tell of this page's own change before its answer comes. */
  const isActing = useRef(false);
  typed.current = edits;

  function show(next: SettingsView): void {
    known.current = next;
    setView(next);
  }

  useEffect(() => {
    // The status tells of this page's own changes too.
    if (known.current !== null && known.current.revision === revision) return;
    const ending = new AbortController();
    fetchSettings(id, ending.signal).then((next) => {
      if (ending.signal.aborted) return;
      const isOther = known.current !== null && known.current.revision !== next.revision;
      if (isOther && !isActing.current && Object.keys(typed.current).length > 0) {
        setNews(CHANGED_ELSEWHERE);
      }
      show(next);
    }, (error) => ending.signal.aborted || setProblem(wordsOf(error)));
    return () => ending.abort();
  }, [id, revision]);

  async function act(ask: (before: SettingsView) => Promise<SettingsAnswer>): Promise<void> {
    const before = known.current;
    if (before === null) return;
    setBusy(true);
    isActing.current = true;
    setNews(null);
    setProblem(null);
    try {
      const { view: next, stale } = await ask(before);
      show(next);
      if (stale === null) {
        setEdits({});
        setNews(savedText(next));
      } else {
        setEdits(withoutSame(typed.current, next.settings));
        setProblem(`${stale}. The newer values are shown: save again to change them as you typed.`);
      }
    } catch (error) {
      setProblem(wordsOf(error));
    }
    isActing.current = false;
    setBusy(false);
  }

  return {
    view,
    edits,
    busy,
    news,
    problem,
    edit: (more) => {
      setNews(null);
      setEdits((before) =>
        view === null ? before : withoutSame({ ...before, ...more }, view.settings)
      );
    },
    save: () => void act((before) => changeSettings(id, changeOf(edits), before.revision)),
    reset: () => void act((before) => resetSettings(id, before.revision)),
  };
}
