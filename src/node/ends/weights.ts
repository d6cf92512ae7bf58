import type { LocalModel, WeightLibrary } from "../../models/mod.ts";
import type { WeightSource } from "../../tunnel/mod.ts";

/** The tunnel's view of the weights on this machine. @param hosted the model that this node hosts now. */
export function weightSource(
  library: WeightLibrary,
  hosted: () => LocalModel | undefined,
): WeightSource {
  return {
    named: (name) => library.named(hosted()?.shards ?? [], name),
    isCurrent: (weight) => library.isCurrent(weight),
    read: (weight) => library.read(weight),
    keep: (weight) => library.keep(weight),
  };
}
