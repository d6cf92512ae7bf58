import { useEffect, useMemo, useState } from "preact/hooks";
import type { Status } from "../../../src/api/base/types.ts";
import { Chart } from "../components/chart.tsx";
import { LogPanel } from "../components/log_panel.tsx";
import { RequestList } from "../components/request_list.tsx";
import { memorySeries, seriesOf } from "../lib/activity.ts";
import { BUCKET_MS } from "../lib/defaults.ts";
import { countOf, formatBytes, formatRate } from "../lib/format.ts";
import type { LiveState } from "../lib/live_state.ts";
import { machineNames } from "../lib/mesh_view.ts";
import "../styles/activity.css";

interface ActivityPageProps {
  readonly status: Status;
  readonly live: Pick<LiveState, "requests" | "logs" | "memory">;
}

/** The time, in steps: charts move on although nothing happens. */
function useNow(stepMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return now;
}

const formatCount = (value: number) => Number.isInteger(value) ? value.toString() : "";
const formatTokens = (value: number) => (Math.round(value * 10) / 10).toString();

const last = (values: readonly number[]) => values.at(-1) ?? 0;

function Charts({ live }: Pick<ActivityPageProps, "live">) {
  const now = useNow(BUCKET_MS);
  const series = useMemo(() => seriesOf(live.requests, now), [live.requests, now]);
  const memory = useMemo(() => memorySeries(live.memory, now), [live.memory, now]);
  const asked = series.requests.reduce((sum, count) => sum + count, 0);
  return (
    <div class="charts">
      <Chart
        title="Tokens a second"
        now={formatRate(last(series.tokenRate))}
        times={series.times}
        values={series.tokenRate}
        shape="line"
        format={formatTokens}
      />
      <Chart
        title="Requests"
        now={`${countOf(asked, "request")} in 10 min`}
        times={series.times}
        values={series.requests}
        shape="bars"
        format={formatCount}
      />
      <Chart
        title="Memory used by models"
        now={formatBytes(last(memory.values))}
        times={memory.times}
        values={memory.values}
        shape="line"
        format={formatBytes}
      />
    </div>
  );
}

/** The requests through this node, and its log. */
export default function ActivityPage({ status, live }: ActivityPageProps) {
  const names = useMemo(() => machineNames(status), [status]);
  return (
    <div class="page activity">
      <h1 class="page-title">Activity</h1>
      <Charts live={live} />
      <RequestList requests={live.requests} names={names} />
      <LogPanel live={live.logs} />
    </div>
  );
}
