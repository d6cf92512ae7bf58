import { useEffect, useMemo } from "preact/hooks";
import type { Status } from "../../src/api/base/types.ts";
import { Later } from "./components/later.tsx";
import { Header } from "./components/header.tsx";
import { ConnectionNotice } from "./components/notice.tsx";
import { PairingNotice } from "./components/pairing_notice.tsx";
import { useCatalog } from "./hooks/use_catalog.ts";
import { chatStore } from "./hooks/use_chat.ts";
import { useLive } from "./hooks/use_live.ts";
import { useOwnPairing } from "./hooks/use_own_pairing.ts";
import { useRoute } from "./hooks/use_route.ts";
import { useShared } from "./hooks/use_shared.ts";
import { visionModels } from "./lib/catalog_view.ts";
import { headline } from "./lib/headline.ts";
import type { LiveState } from "./lib/live_state.ts";
import { models } from "./lib/mesh_view.ts";
import { PAGE_TITLES, type PageName } from "./lib/route.ts";
import { ChatPage } from "./pages/chat_page.tsx";
import { ModelsPage } from "./pages/models_page.tsx";
import { MeshPage } from "./pages/mesh_page.tsx";

interface PageProps {
  readonly page: PageName;
  readonly live: LiveState;
  readonly status: Status;
}

const loadActivity = () => import("./pages/activity_page.tsx");
const loadAgents = () => import("./pages/agents_page.tsx");

/** One page, once the node has said how the mesh is. */
function Page({ page, live, status }: PageProps) {
  const line = useMemo(() => headline(status), [status]);
  const views = useShared(useMemo(() => models(status, live.progress), [status, live.progress]));
  const question = useOwnPairing(live.pairing.own);
  const catalog = useCatalog(status);
  const vision = useMemo(() => visionModels(catalog.value ?? []), [catalog.value]);
  useEffect(() => {
    const title = page === "mesh" ? line.title : PAGE_TITLES[page];
    document.title = `${title} · mesh-llm`;
  }, [page, line.title]);
  switch (page) {
    case "mesh":
      return (
        <MeshPage
          status={status}
          headline={line}
          models={views}
          news={live.news}
          requests={live.requests}
          pairing={live.pairing}
          question={question}
        />
      );
    case "models":
      return <ModelsPage status={status} catalog={catalog} />;
    case "chat":
      return <ChatPage status={status} models={views} vision={vision} />;
    case "activity":
      return <Later load={loadActivity} props={{ status, live }} />;
    case "agents":
      return (
        <Later
          load={loadAgents}
          props={{ models: views, ownModel: status.node.model, commands: status.commands }}
        />
      );
  }
}

/** Newest requests that may belong to an answer of the chat: more do not end between two events. */
const NOTED = 8;

export function App() {
  const page = useRoute();
  const { live, reconnect } = useLive();
  useEffect(() => {
    for (const request of live.requests.slice(0, NOTED)) chatStore().note(request);
  }, [live.requests]);
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>Skip to the page</a>
      <div class="top">
        <Header status={live.status} link={live.link} page={page} />
        <ConnectionNotice live={live} onRetry={reconnect} />
        <PairingNotice pairing={live.pairing} />
      </div>
      <main id="main" tabIndex={-1} data-link={live.link} data-page={page}>
        {live.status !== null
          ? <Page page={page} live={live} status={live.status} />
          : live.lostAtMs === null && <p class="page empty">Loading the state of the mesh…</p>}
      </main>
    </>
  );
}

/** The address names the page, so that a jump inside it must leave the address alone. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
