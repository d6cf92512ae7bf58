import { ModelRow } from "../components/models_panel.tsx";
import type { ModelView } from "../lib/mesh_view.ts";

/** Every model that is known, whoever serves it. */
export function ModelsPage({ models }: { models: readonly ModelView[] }) {
  return (
    <div class="page models-page">
      <h1 class="page-title">Models</h1>
      <ul class="cards">
        {/* The index as well: two models may share a name. */}
        {models.map((model, index) => <ModelRow key={`${index} ${model.name}`} model={model} />)}
      </ul>
    </div>
  );
}
