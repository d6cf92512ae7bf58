import type { ManagedServer, ModelPlace } from "../../engine/mod.ts";
import {
  checkpointBytes,
  chooseShape,
  leastShape,
  type LocalModel,
  needBytes,
  type Shape,
} from "../../models/mod.ts";
import type { Companions } from "../plan/companions.ts";
import { KEPT_SHARE } from "../plan/defaults.ts";
import type { ModelSettings } from "../plan/model_settings.ts";
import type { DeviceBytes } from "../plan/packing.ts";
import type { Plan } from "../plan/plan.ts";
import type { SoloParts } from "./job.ts";
import {
  extraRoomIn,
  keptBytes,
  keptOf,
  placesFor,
  type PlacesInput,
  plannedIn,
  roomFor,
  toldIn,
} from "./model_places.ts";

export interface ServedAlone {
  readonly plan: Extract<Plan, { kind: "solo" }>;
  readonly model: LocalModel;
  readonly settings: ModelSettings;
  /** Those that it is served with; others after one of them has failed. */
  readonly companions: () => Companions;
}

type Placed = Record<string, number>;

/** The memory of a model that is served alone: in which shape it is, and where on this machine. */
export class SoloMemory {
  readonly #served: ServedAlone;
  readonly #parts: SoloParts;
  /** When it begins. */
  readonly #spare: DeviceBytes;
  /** The smallest shape, which is planned. */
  readonly #least: Shape;
  #shape: Shape;
  /** Best first; the first is the one in use. */
  #places: readonly ModelPlace[];

  constructor(served: ServedAlone, parts: SoloParts) {
    this.#served = served;
    this.#parts = parts;
    this.#spare = parts.spare(served.plan.model);
    this.#least = leastShape(served.model, served.settings);
    this.#shape = this.#least;
    this.#shape = this.#chosenShape();
    this.#places = placesFor(this.#input);
  }

  get shape(): Shape {
    return this.#shape;
  }

  get place(): ModelPlace {
    return this.#places[0]!;
  }

  /** Memory that it has beyond its plan. */
  get extraBytes(): number {
    return this.#bytesOf(this.#shape) - this.#bytesOf(this.#least);
  }

  /** By device. @param told what llama-server has told of it; while it loads, that is only a part */
  placed(told: ManagedServer["placed"]): Placed {
    const projectorBytes = this.#served.companions().projector?.sizeBytes ?? 0;
    return Object.fromEntries(
      told === null
        ? plannedIn(this.place, this.#input)
        : toldIn(this.place, told.bytes, projectorBytes),
    );
  }

  /** The part of it beyond the plan, by device: caches lie where the layers do. */
  spareOf(placed: Placed): Placed | undefined {
    const { extraBytes } = this;
    if (extraBytes <= 0) return undefined;
    const total = Object.values(placed).reduce((sum, bytes) => sum + bytes, 0);
    const parts = Object.entries(placed).map(([name, bytes]) =>
      [name, Math.floor(Math.min(bytes, extraBytes * bytes / total))] as const
    );
    return Object.fromEntries(parts);
  }

  /** The memory for prompts that are kept for their next turn. */
  get kept(): ReturnType<typeof keptOf> {
    const input = { ...this.#input, memory: this.#parts.unclaimed };
    return keptOf(KEPT_SHARE * roomFor(this.place, input), this.#checkpointBytes);
  }

  get keptBytes(): number {
    return keptBytes(this.kept, this.#checkpointBytes);
  }

  /** Back to the least shape; false where it has that. */
  shrink(): boolean {
    if (this.extraBytes <= 0) return false;
    this.#shape = this.#least;
    this.#places = placesFor(this.#input);
    return true;
  }

  /** To the next best place, if there is one. */
  moveOn(): ModelPlace | undefined {
    const [, next] = this.#places;
    if (next !== undefined) this.#places = this.#places.slice(1);
    return next;
  }

  /** In the place of the least shape: more would be no gain in slower memory. */
  #chosenShape(): Shape {
    const { model, settings } = this.#served;
    const input = this.#input;
    return chooseShape({
      model,
      settings,
      leftBytes: extraRoomIn(placesFor(input)[0]!, { ...input, memory: this.#parts.unclaimed }),
      bytesOf: (shape) => this.#bytesOf(shape),
    });
  }

  /** Of the model with its draft, which has as many conversations of its own. */
  #bytesOf(shape: Shape): number {
    return bytesIn(shape, this.#served.model) + this.#draftBytesOf(shape);
  }

  #draftBytesOf(shape: Shape): number {
    const { draft } = this.#served.companions();
    return draft === null ? 0 : bytesIn(shape, draft);
  }

  get #input(): PlacesInput {
    const { plan, model } = this.#served;
    const ownBytes = bytesIn(this.#shape, model);
    const { projector } = this.#served.companions();
    return {
      ...this.#parts,
      needBytes: plan.needBytes + ownBytes - bytesIn(this.#least, model),
      projectorBytes: projector === null
        ? 0
        : ownBytes - bytesIn(this.#shape, { ...model, projector: null }),
      spare: this.#spare,
      draftBytes: this.#draftBytesOf(this.#shape),
    };
  }

  get #checkpointBytes(): number {
    const { header } = this.#served.model;
    return header === null ? 0 : checkpointBytes(header);
  }
}

function bytesIn({ contextLength, slots }: Shape, model: LocalModel): number {
  return needBytes(model, contextLength, slots);
}
