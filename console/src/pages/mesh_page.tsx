import { useMemo } from "preact/hooks";
import type {
  Finding,
  PairingView,
  RelayView,
  RequestRecord,
  Status,
} from "../../../src/api/base/types.ts";
import { AskToJoin } from "../components/ask_to_join.tsx";
import { FindingsList } from "../components/findings_list.tsx";
import { HeadlinePanel } from "../components/headline_panel.tsx";
import { InvitePanel } from "../components/invite_panel.tsx";
import { LanPanel } from "../components/lan_panel.tsx";
import { MachinesPanel } from "../components/machines_panel.tsx";
import { NearbyPanel } from "../components/nearby_panel.tsx";
import { RelaysPanel } from "../components/relays_panel.tsx";
import { ServedModels } from "../components/models_panel.tsx";
import { NewsList } from "../components/news_list.tsx";
import { TopologyPicture } from "../components/topology_picture.tsx";
import { useHostRates } from "../hooks/use_host_rates.ts";
import type { useOwnPairing } from "../hooks/use_own_pairing.ts";
import { useShared } from "../hooks/use_shared.ts";
import { NEARBY_SHOWN } from "../lib/defaults.ts";
import type { Headline } from "../lib/headline.ts";
import { type LanRow, type LanShown, lanShown } from "../lib/lan_view.ts";
import type { ModelView } from "../lib/mesh_shapes.ts";
import { machines } from "../lib/mesh_view.ts";
import { isAlone, leavingSentences, mayAsk } from "../lib/own_pairing.ts";
import type { NewsItem } from "../lib/news.ts";
import { hrefOf } from "../lib/route.ts";

interface MeshPageProps {
  readonly status: Status;
  readonly headline: Headline;
  readonly models: readonly ModelView[];
  readonly news: readonly NewsItem[];
  readonly requests: readonly RequestRecord[];
  readonly pairing: PairingView;
  readonly question: ReturnType<typeof useOwnPairing>;
}

/** The same each time, so that nothing is drawn again. */
const NONE: readonly Finding[] = [];
const NO_ROWS: readonly LanRow[] = [];
const NO_RELAYS: readonly RelayView[] = [];

function toInvite(): void {
  const panel = document.querySelector<HTMLElement>("#invite");
  panel?.scrollIntoView({ block: "center" });
  panel?.focus();
}

/** A machine that is alone is offered the first meshes nearby; all others are asked in the list of its network. */
function askable(status: Status, lan: LanShown | null, pairing: PairingView) {
  if (lan === null || !mayAsk(pairing)) return { nearby: NO_ROWS, action: () => null };
  const meshes = lan.rows.filter(({ mesh }) => mesh !== null);
  const nearby = isAlone(status) ? meshes.slice(0, NEARBY_SHOWN) : NO_ROWS;
  const action = (row: LanRow) =>
    !nearby.includes(row) && (
      <AskToJoin
        mesh={row.mesh ?? ""}
        name={row.name}
        leaving={leavingSentences(status, row.name)}
      />
    );
  return { nearby, action };
}

/** How the mesh is, who takes part, and how to add a machine. */
export function MeshPage(
  { status, headline, models, news, requests, pairing, question }: MeshPageProps,
) {
  const shown = useShared(useMemo(() => machines(status), [status]));
  const findings = useShared(status.findings ?? NONE);
  const lan = useShared(useMemo(() => lanShown(status), [status]));
  const relays = useShared(status.relays ?? NO_RELAYS);
  const mayChange = status.mesh.token !== null;
  const rates = useHostRates(requests);
  const { nearby, action } = askable(status, lan, pairing);
  return (
    <div class="page mesh">
      <HeadlinePanel
        headline={headline}
        onChat={() => location.assign(hrefOf("chat"))}
        onModels={() => location.assign(hrefOf("models"))}
        onInvite={toInvite}
      />
      <FindingsList findings={findings} />
      <NearbyPanel status={status} own={question.own} onClose={question.close} meshes={nearby} />
      <section class="panel picture" aria-labelledby="picture-title">
        <h2 id="picture-title">The mesh</h2>
        <div class="card">
          <TopologyPicture machines={shown} />
          <NewsList news={news} />
        </div>
      </section>
      <ServedModels models={models} />
      <MachinesPanel machines={shown} rates={rates} mayRemove={mayChange} />
      {(relays.length > 0 || mayChange) && (
        <RelaysPanel relays={relays} commands={status.commands} mayChange={mayChange} />
      )}
      {lan !== null && <LanPanel shown={lan} action={action} />}
      <InvitePanel
        commands={status.commands}
        token={status.mesh.token}
        role={status.node.role}
        pairing={pairing}
        isAnnounced={status.lan?.state === "announced"}
      />
    </div>
  );
}
