import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Status } from "../../src/api/types.ts";
import { ChatPanel } from "./components/chat_panel.tsx";
import { Header } from "./components/header.tsx";
import { HeadlinePanel } from "./components/headline_panel.tsx";
import { InvitePanel } from "./components/invite_panel.tsx";
import { MachinesPanel } from "./components/machines_panel.tsx";
import { ModelsPanel } from "./components/models_panel.tsx";
import { ConnectionNotice } from "./components/notice.tsx";
import { useLive } from "./hooks/use_live.ts";
import { headline } from "./lib/headline.ts";
import { machineNames, machines, models, type Progress } from "./lib/mesh_view.ts";

/** Everything below the header, once the node has said how the mesh is. */
function Mesh({ status, progress }: { status: Status; progress: Progress }) {
  const question = useRef<HTMLTextAreaElement>(null);
  const line = useMemo(() => headline(status), [status]);
  const names = useMemo(() => machineNames(status), [status]);
  const views = useMemo(() => models(status, progress), [status, progress]);
  const warm = views.flatMap((view) => view.state === "warm" ? view.name : []);
  useEffect(() => {
    document.title = `${line.title} · mesh-llm`;
  }, [line.title]);
  return (
    <>
      <HeadlinePanel
        headline={line}
        onChat={() => question.current?.focus()}
        onInvite={() => document.querySelector<HTMLElement>("#invite")?.focus()}
      />
      <ModelsPanel models={views} />
      <MachinesPanel machines={machines(status)} />
      <ChatPanel
        input={question}
        warm={[...new Set(warm)]}
        ownModel={status.node.model}
        names={names}
      />
      <InvitePanel status={status} />
    </>
  );
}

export function App() {
  const { live, reconnect } = useLive();
  return (
    <>
      <div class="top">
        <Header status={live.status} link={live.link} />
        <ConnectionNotice live={live} onRetry={reconnect} />
      </div>
      <main class="page" data-link={live.link}>
        {live.status !== null
          ? <Mesh status={live.status} progress={live.progress} />
          : live.lostAtMs === null && <p class="empty">Asking the node how the mesh is…</p>}
      </main>
    </>
  );
}
