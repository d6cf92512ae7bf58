import { type Meaning, meaningOf } from "../../api/mod.ts";
import type { ModelContent, ModelIds } from "../../base/model_ids.ts";
import type { RoutingTable } from "../../mesh/mod.ts";
import { type Prospects, prospectsOf } from "../plan/prospects.ts";
import { idsOf } from "../plan/table_ids.ts";

/** The models that this node knows of at one moment, each by its id. */
export class KnownModels {
  readonly ids: ModelIds;
  readonly table: RoutingTable;
  readonly onDisk: readonly ModelContent[];
  #prospects: Prospects | undefined;

  constructor(table: RoutingTable, onDisk: readonly ModelContent[]) {
    this.table = table;
    this.onDisk = onDisk;
    this.ids = idsOf(table, onDisk);
  }

  get prospects(): Prospects {
    return this.#prospects ??= prospectsOf(this.table, this.ids);
  }

  meaning(asked: string): Meaning {
    const { ids, table, onDisk } = this;
    return meaningOf(asked, {
      ids,
      own: onDisk,
      nearest: () => [
        table.instances.filter(({ state }) => state === "warm").map(({ model }) => ids.idOf(model)),
        this.prospects.coming,
        this.prospects.obstacles.map(({ model }) => model),
      ],
    });
  }
}
