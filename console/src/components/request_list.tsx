import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { RequestRecord } from "../../../src/api/base/types.ts";
import { outcomeOf, PHASE_TITLES, type PhaseName, phasesOf, rateOf } from "../lib/activity.ts";
import { displayName, formatClock, formatDuration, formatRate } from "../lib/format.ts";
import { nameOf } from "../lib/mesh_view.ts";

interface RequestListProps {
  readonly requests: readonly RequestRecord[];
  readonly names: ReadonlyMap<string, string>;
}

function TimingBar({ record, longestMs }: { record: RequestRecord; longestMs: number }) {
  const phases = phasesOf(record);
  const text = phases.map(({ name, ms }) => `${PHASE_TITLES[name]} ${formatDuration(ms)}`);
  return (
    <div class="timing" role="img" aria-label={text.join(", ")} title={text.join(", ")}>
      {phases.map(({ name, ms }) => (
        <span key={name} data-phase={name} style={{ width: `${(ms / longestMs) * 100}%` }} />
      ))}
    </div>
  );
}

function tokensText({ tokensIn, tokensOut }: RequestRecord): string {
  const show = (count: number | null) => count === null ? "?" : count.toString();
  return `${show(tokensIn)} → ${show(tokensOut)} tokens`;
}

const RequestRow = memo(({ record, host, longestMs }: {
  record: RequestRecord;
  host: string | null;
  longestMs: number;
}) => {
  const rate = rateOf(record);
  const outcome = outcomeOf(record);
  return (
    <li class="request" data-request={record.id} data-outcome={outcome.kind}>
      <p class="request-what">
        <time class="muted">{formatClock(Date.parse(record.time))}</time>
        <bdi class="request-model">{displayName(record.model) || "no model"}</bdi>
        {host !== null && <bdi class="muted">by {host}</bdi>}
      </p>
      <TimingBar record={record} longestMs={longestMs} />
      <p class="request-figures muted">
        <span>{formatDuration(record.totalMs)}</span>
        <span>{tokensText(record)}</span>
        {rate !== null && <span>{formatRate(rate)}</span>}
        <span class={outcome.kind === "failed" ? "problem" : ""}>{outcome.text}</span>
      </p>
    </li>
  );
});

function Legend() {
  return (
    <ul class="legend muted">
      {(Object.keys(PHASE_TITLES) as PhaseName[]).map((name) => (
        <li key={name}>
          <span class="swatch" data-phase={name} aria-hidden="true" />
          {PHASE_TITLES[name]}
        </li>
      ))}
    </ul>
  );
}

/** As many as are seen at a glance; the log stays in reach below them. */
const SHOWN = 12;

/** Recent requests, each with where its time went. */
export function RequestList({ requests, names }: RequestListProps) {
  const [all, setAll] = useState(false);
  const shown = all ? requests : requests.slice(0, SHOWN);
  const longestMs = Math.max(1, ...shown.map(({ totalMs }) => totalMs));
  return (
    <section class="panel requests" aria-labelledby="requests-title">
      <div class="panel-head">
        <h2 id="requests-title">Requests through this node</h2>
        <Legend />
      </div>
      {shown.length === 0
        ? (
          <div class="empty row">
            <p>Nobody has asked anything yet.</p>
            <a class="button small" href="#chat">Ask something</a>
          </div>
        )
        : (
          <ul class="request-list">
            {shown.map((record) => (
              <RequestRow
                key={`${record.id} ${record.time}`}
                record={record}
                host={record.host === null ? null : nameOf(names, record.host)}
                longestMs={longestMs}
              />
            ))}
          </ul>
        )}
      {requests.length > SHOWN && (
        <button
          type="button"
          class="button small show-all"
          onClick={() => setAll(!all)}
        >
          {all ? `Show the last ${SHOWN}` : `Show all ${requests.length}`}
        </button>
      )}
    </section>
  );
}
