import { shardName } from "../base/shards.ts";
import type { CatalogModel } from "./entry.ts";
import { ROWS } from "./rows.ts";

/** Models that are known to work, from half a billion parameters to 400; what may be downloaded unasked. */
export const CATALOG: readonly CatalogModel[] = ROWS.map((
  [repository, file, sizeGb, architecture, contextLength, licence, more],
) => {
  const name = shardName(file).model;
  return {
    name,
    repository,
    file,
    sizeBytes: sizeGb * 1e9,
    architecture,
    quantisation: /(?:Q\d_K_M|Q\d_0|MXFP4)$/i.exec(name)?.[0].toUpperCase() ?? "",
    contextLength,
    licence,
    projector: more?.projector ?? null,
    draft: more?.draft ?? null,
  };
});

/** By its name, as people write it. */
export function findInCatalog(name: string): CatalogModel | undefined {
  return CATALOG.find((model) => model.name.toLowerCase() === name.toLowerCase());
}
