import type { Instance, ModelRef } from "../mesh/mod.ts";
import { everyone, fileOf, type Member, sameModel, type View } from "./view.ts";
import type { Wishes } from "./wishes.ts";

/**
 * The model whose group this node belongs to. A node that was told a model keeps it; another helps
 * where it is needed most: where it is counted in or would be missed, a model that waits for memory, then a forced split, then the model on
 * its disk that the fewest serve. Pure, and the same on every node that has the same view.
 */
export function chooseTarget(
  seen: View,
  { told, dropped }: Pick<Wishes, "told" | "dropped">,
): ModelRef | null {
  if (told !== null) return told;
  const view = dropped.length === 0 ? seen : without(seen, dropped);
  return assigned(view) ?? kept(view) ?? waiting(view) ?? forcedSplit(view) ?? leastServed(view);
}

/** The view of a node for which some models do not exist. */
function without(view: View, names: readonly string[]): View {
  const isDropped = (model: ModelRef | null) => model !== null && names.includes(model.name);
  const { self } = view;
  return {
    ...view,
    self: {
      ...self,
      target: isDropped(self.target) ? null : self.target,
      models: self.models.filter((model) => !isDropped(model)),
      wanted: self.wanted.filter((name) => !names.includes(name)),
    },
    others: view.others.filter(({ instance }) => !isDropped(instance?.model ?? null)),
  };
}

/** Whoever is counted in a split stays in it: leaving would break what it helped to serve. */
function assigned(view: View): ModelRef | null {
  const { self } = view;
  const instance = view.others.map((member) => member.instance).find((instance) =>
    instance !== null && sameModel(instance.model, self.target) &&
    instance.workers.some((worker) => worker.peer === self.peer)
  );
  return instance?.model ?? null;
}

/**
 * Who holds the file stays where leaving would take the model away: the elected host of a group, and
 * the last node that can serve what it has served or worked for.
 */
function kept({ self, others }: View): ModelRef | null {
  const { target, instance } = self;
  const file = target === null ? undefined : fileOf(self, target);
  if (target === null || file === undefined) return null;
  const isHost = instance?.mode === "split" && sameModel(instance.model, target);
  const elsewhere = others.some((member) => sameModel(member.instance?.model ?? null, target));
  const isWanted = others.some((member) =>
    sameModel(member.target, target) || member.wanted.includes(target.name)
  );
  const isUseful = isWanted || file.needBytes <= self.memoryBytes;
  return isUseful && (isHost || !elsewhere) ? target : null;
}

function waiting(view: View): ModelRef | null {
  return first(view.others, (instance) => instance.state === "waiting");
}

function forcedSplit(view: View): ModelRef | null {
  return first(view.others.filter((member) => member.split), () => true);
}

function first(members: readonly Member[], wanted: (instance: Instance) => boolean) {
  const models = members.flatMap(({ instance }) =>
    instance !== null && wanted(instance) ? [instance.model] : []
  );
  return models.sort(byName)[0] ?? null;
}

/** Of the models that the mesh serves or wants: on this disk, fitting, and served by the fewest others. */
function leastServed(view: View): ModelRef | null {
  const known = everyone(view).flatMap((member) => [
    ...member.wanted,
    ...(member.peer !== view.self.peer && member.instance !== null
      ? [member.instance.model.name]
      : []),
  ]);
  const candidates = view.self.models.filter((file) =>
    known.includes(file.name) && file.needBytes <= view.self.memoryBytes
  );
  const served = (model: ModelRef) =>
    view.others.filter(({ instance }) => instance !== null && sameModel(instance.model, model))
      .length;
  const kept = candidates.find((file) => sameModel(file, view.self.target));
  const best = kept ?? candidates.toSorted((a, b) => served(a) - served(b) || byName(a, b))[0];
  return best === undefined ? null : { name: best.name, fingerprint: best.fingerprint };
}

function byName(a: ModelRef, b: ModelRef): number {
  const [left, right] = [`${a.name}\n${a.fingerprint}`, `${b.name}\n${b.fingerprint}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether this node holds a complete file of the model. */
export function holds(member: Member, model: ModelRef): boolean {
  return fileOf(member, model) !== undefined;
}
