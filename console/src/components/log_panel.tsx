import { useMemo, useState } from "preact/hooks";
import { useFetched } from "../hooks/use_fetched.ts";
import { filterLines, filterText, isTrouble, type LogFilter } from "../lib/activity.ts";
import { fetchLogs } from "../lib/api.ts";
import { displayText, formatClock } from "../lib/format.ts";
import type { NumberedLine } from "../lib/live_state.ts";
import { mergeLines } from "../lib/log_lines.ts";

/** Lines in the page at a time: more is not read, and would be slow to draw. */
const SHOWN = 200;

function NodeLines({ lines }: { lines: readonly NumberedLine[] }) {
  return (
    <>
      {lines.map((line) => (
        <div key={line.number} class="log-line" data-trouble={isTrouble(line)}>
          <span class="muted">{formatClock(Date.parse(line.time))}</span>{" "}
          {displayText(line.message)}
        </div>
      ))}
    </>
  );
}

function Controls({ sources, source, filter, onSource, onFilter, onRefresh }: {
  sources: readonly string[];
  source: string;
  filter: LogFilter;
  onSource: (source: string) => void;
  onFilter: (filter: LogFilter) => void;
  onRefresh: () => void;
}) {
  return (
    <div class="filter row">
      <label class="visually-hidden" for="log-source">Whose log</label>
      <select
        id="log-source"
        value={source}
        onChange={(event) => onSource(event.currentTarget.value)}
      >
        {sources.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
      <label class="visually-hidden" for="log-filter">Find in the log</label>
      <input
        id="log-filter"
        type="search"
        placeholder="Find in the log"
        value={filter.text}
        onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={filter.trouble}
          onChange={(event) => onFilter({ ...filter, trouble: event.currentTarget.checked })}
        />
        Only trouble
      </label>
      <button type="button" class="button small" onClick={onRefresh}>Read again</button>
    </div>
  );
}

const NODE = "this node";

/** The log of this node and its llama.cpp processes. Text and nothing else. */
export function LogPanel({ live }: { live: readonly NumberedLine[] }) {
  const logs = useFetched(fetchLogs, null);
  const [source, setSource] = useState(NODE);
  const [filter, setFilter] = useState<LogFilter>({ text: "", trouble: false });
  const engine = logs.value?.engine ?? [];
  const own = useMemo(() => mergeLines(logs.value?.node ?? [], live), [logs.value, live]);
  const printed = engine.find(({ name }) => name === source);
  const lines = filterLines(own, filter).slice(-SHOWN).toReversed();
  const texts = filterText(printed?.text ?? "", filter).slice(-SHOWN).toReversed();
  return (
    <section class="panel logs" aria-labelledby="logs-title">
      <h2 id="logs-title">Logs, newest first</h2>
      <Controls
        sources={[NODE, ...engine.map(({ name }) => name)]}
        source={source}
        filter={filter}
        onSource={setSource}
        onFilter={setFilter}
        onRefresh={logs.refresh}
      />
      {logs.problem !== null && <p class="problem" role="alert">{logs.problem}</p>}
      <div class="log card" tabIndex={0} role="log" aria-live="off" aria-label={`Log of ${source}`}>
        {printed === undefined
          ? <NodeLines lines={lines} />
          : texts.map((text, index) => <div key={index} class="log-line">{displayText(text)}</div>)}
        {(printed === undefined ? lines : texts).length === 0 && (
          <p class="muted">Nothing to show.</p>
        )}
      </div>
    </section>
  );
}
