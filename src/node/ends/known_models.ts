import { type Meaning, meaningOf, type UnservedModel } from "../../api/mod.ts";
import { Aliases } from "../../base/model_aliases.ts";
import type { ModelContent, ModelIds } from "../../base/model_ids.ts";
import type { PeerId, RoutingTable } from "../../mesh/mod.ts";
import { type Prospects, prospectsOf } from "../plan/prospects.ts";
import { unservedOf } from "../plan/unserved.ts";
import { idsOf } from "../plan/table_ids.ts";

/** The models that this node knows of at one moment, each by its id. */
export class KnownModels {
  readonly ids: ModelIds;
  readonly table: RoutingTable;
  readonly onDisk: readonly ModelContent[];
  readonly #aliases: Aliases;
  #prospects: Prospects | undefined;
  #unserved: readonly UnservedModel[] | undefined;
  #aliasesById: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(table: RoutingTable, onDisk: readonly ModelContent[], self: PeerId) {
    this.table = table;
    this.onDisk = onDisk;
    this.ids = idsOf(table, onDisk);
    const own = table.nodes.filter(({ peer }) => peer === self);
    this.#aliases = new Aliases(
      [own, table.nodes].map((nodes) => nodes.flatMap(({ aliases }) => aliases)),
    );
  }

  get prospects(): Prospects {
    return this.#prospects ??= prospectsOf(this.table, this.ids);
  }

  /** The models that can be asked for beside the warm ones. */
  get unserved(): readonly UnservedModel[] {
    return this.#unserved ??= unservedOf(this.table, this.prospects, this.ids)
      .map((model) => ({ ...model, aliases: this.aliasesOf(model.id) }));
  }

  /** The further names of a model, by which it can be asked for as well. */
  aliasesOf(id: string): readonly string[] {
    this.#aliasesById ??= this.#aliases.byId(this.ids);
    return this.#aliasesById.get(id) ?? [];
  }

  meaning(asked: string): Meaning {
    const { ids, table, onDisk } = this;
    return meaningOf(asked, {
      ids,
      own: onDisk,
      aliases: this.#aliases,
      nearest: () => [
        table.instances.filter(({ state }) => state === "warm").map(({ model }) => ids.idOf(model)),
        this.prospects.coming,
        this.prospects.obstacles.map(({ model }) => model),
      ],
    });
  }
}
