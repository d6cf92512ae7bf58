import { useEffect, useMemo } from "preact/hooks";
import type { CatalogEntry, Status } from "../../../src/api/base/types.ts";
import { fetchCatalog } from "../lib/api.ts";
import { CATALOG_POLL_MS } from "../lib/defaults.ts";
import { type Fetched, useFetched } from "./use_fetched.ts";

/** The models that hold memory: on them depends what fits. */
function heldText(serving: Status["node"]["serving"]): string {
  return serving.map(({ model, state }) => `${model} ${state}`).join(" ");
}

/** The catalog, asked for again when the mesh changes, and while something is on its way. */
export function useCatalog({ models, peers, node }: Status): Fetched<CatalogEntry[]> {
  const key = useMemo(
    () =>
      [
        ...models.map(({ id, state, onDisk }) => `${id} ${state} ${onDisk}`),
        ...peers.map(({ id, vramBytes, serving }) => `${id} ${vramBytes} ${heldText(serving)}`),
        heldText(node.serving),
      ].join("\n"),
    [models, peers, node.serving],
  );
  const catalog = useFetched(fetchCatalog, key);
  const arriving = catalog.value?.some(({ download }) => download?.state === "running") ?? false;
  useEffect(() => {
    if (!arriving) return;
    const timer = setInterval(catalog.refresh, CATALOG_POLL_MS);
    return () => clearInterval(timer);
  }, [arriving, catalog.refresh]);
  return catalog;
}
