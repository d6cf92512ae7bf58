import { useMemo, useState } from "preact/hooks";
import type { CatalogEntry, Status } from "../../../src/api/base/types.ts";
import { CatalogRow } from "../components/catalog_row.tsx";
import { DownloadForm } from "../components/download_form.tsx";
import type { Fetched } from "../hooks/use_fetched.ts";
import { useShared } from "../hooks/use_shared.ts";
import {
  type Filter,
  type Place,
  type Section,
  SECTION_TITLES,
  sectionsOf,
} from "../lib/catalog_view.ts";
import { machineNames } from "../lib/mesh_view.ts";

interface ModelsPageProps {
  readonly status: Status;
  readonly catalog: Fetched<CatalogEntry[]>;
}

function FilterLine({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) {
  return (
    <div class="filter row" role="search">
      <label class="visually-hidden" for="model-filter">Find a model</label>
      <input
        id="model-filter"
        type="search"
        placeholder="Find a model"
        value={filter.text}
        onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={filter.fitting}
          onChange={(event) => onFilter({ ...filter, fitting: event.currentTarget.checked })}
        />
        Only what fits now
      </label>
    </div>
  );
}

function SectionList({ section, place, onDone }: {
  section: Section;
  place: Place;
  onDone: () => void;
}) {
  const title = SECTION_TITLES[section.name];
  return (
    <section class="panel catalog" aria-label={title}>
      <h2>{title}</h2>
      <ul class="catalog-list">
        {/* A file that can't be used has no id of its own. */}
        {section.entries.map((entry, index) => (
          <CatalogRow
            key={entry.broken === null ? entry.id : `${index} ${entry.id}`}
            entry={entry}
            place={place}
            onDone={onDone}
          />
        ))}
      </ul>
    </section>
  );
}

/** Machines' names as a map, and the own models as a list, that stay the same while they do. */
function usePlace({ node, peers, models }: Status, status: Status): Place {
  const names = useShared(useMemo(() => [...machineNames(status)], [node.name, peers]));
  const own = useShared(useMemo(() => ownModels(node), [node]));
  const revisions = useShared(useMemo(() => revisionsOf(models), [models]));
  return useMemo(() => ({
    self: node.id,
    isClient: node.role === "client",
    own,
    revisions: new Map(revisions),
    names: new Map(names),
  }), [node.id, node.role, own, revisions, names]);
}

function revisionsOf(models: Status["models"]): [string, number][] {
  return models.flatMap(({ id, settingsRevision }) =>
    settingsRevision === undefined ? [] : [[id, settingsRevision] as [string, number]]
  );
}

/** Of a group whose host has assigned it nothing yet, the node names the model alone. */
function ownModels({ model, serving }: Status["node"]): string[] {
  const served = serving.map((part) => part.model);
  return [...new Set(model === null ? served : [...served, model])];
}

/** Every model: what it does, whether it fits, and what can be done with it from here. */
export function ModelsPage({ status, catalog }: ModelsPageProps) {
  const [filter, setFilter] = useState<Filter>({ text: "", fitting: false });
  const place = usePlace(status, status);
  const entries = catalog.value;
  const sections = useMemo(() => sectionsOf(entries ?? [], filter), [entries, filter]);
  return (
    <div class="page models-page">
      <header>
        <h1 class="page-title">Models</h1>
        <p class="page-lead">
          {place.isClient
            ? "This node is a client: it asks the mesh, and members serve. On a member this page serves and downloads."
            : "See which models this machine serves, which others fit the mesh, and how each would run."}
        </p>
      </header>
      <FilterLine filter={filter} onFilter={setFilter} />
      {catalog.problem !== null && (
        <div class="row" role="alert">
          <p class="problem">{catalog.problem}</p>
          <button type="button" class="button small" onClick={catalog.refresh}>Ask again</button>
        </div>
      )}
      {entries === null && catalog.problem === null && <p class="empty">Asking for the models…</p>}
      {entries !== null && sections.length === 0 && (
        <div class="empty row">
          <p>No model matches.</p>
          <button
            type="button"
            class="button small"
            onClick={() => setFilter({ text: "", fitting: false })}
          >
            Show all
          </button>
        </div>
      )}
      {sections.map((section) => (
        <SectionList key={section.name} section={section} place={place} onDone={catalog.refresh} />
      ))}
      {!place.isClient && <DownloadForm onDone={catalog.refresh} />}
    </div>
  );
}
