/** The shape of an instance: what each request may have, and how many are answered at one time. Pure. */

import { CONTEXT_STEP, EXTRA_SHARE, USUAL_SLOTS } from "../base/defaults.ts";
import { batchTokens, needBytes, servedContext, type SizedModel } from "./needs.ts";
import { purposeOf } from "./purpose.ts";

export interface Shape {
  /** Tokens that each request may have, whatever the others do. */
  readonly contextLength: number;
  /** Requests that are answered at one time. */
  readonly slots: number;
}

/** As the user has set it; `null` leaves the choice to this node. */
export interface ShapeSettings {
  readonly contextLength: number | null;
  readonly slots: number | null;
}

/** Nothing was said of it. */
export const AUTO_SHAPE: ShapeSettings = { contextLength: null, slots: null };

/** The smallest that a model is served in: what plans count, and what is announced of a file. */
export function leastShape({ header }: SizedModel, { contextLength, slots }: ShapeSettings): Shape {
  return {
    contextLength: servedContext(header ?? { contextLength: 0 }, contextLength),
    slots: slots ?? 1,
  };
}

/** Memory of the least shape. */
export function leastBytes(model: SizedModel, settings: ShapeSettings): number {
  const { contextLength, slots } = leastShape(model, settings);
  return needBytes(model, contextLength, slots);
}

export interface ShapeInput {
  readonly model: SizedModel;
  readonly settings: ShapeSettings;
  /** Memory that would be left beside the least shape. */
  readonly leftBytes: number;
  /** Memory that a shape takes in all, with what depends on it. */
  readonly bytesOf: (shape: Shape) => number;
}

/**
 * The least shape, and what half of the memory that is left holds of more: slots first, so that a long answer keeps nobody
 * waiting, then a larger context.
 */
export function chooseShape({ model, settings, leftBytes, bytesOf }: ShapeInput): Shape {
  const least = leastShape(model, settings);
  const extraBytes = EXTRA_SHARE * Math.max(0, leftBytes);
  const fits = (shape: Shape) => bytesOf(shape) - bytesOf(least) <= extraBytes;
  const withSlots = (slots: number) => ({ ...least, slots });
  const mostSlots = settings.slots === null ? Math.max(least.slots, USUAL_SLOTS) : least.slots;
  const slots = largestOf(least.slots, mostSlots, (count) => fits(withSlots(count)));
  const more = withSlots(slots);
  const trained = model.header?.contextLength ?? 0;
  // A model that pools its output computes a text in one piece: more costs memory with every text.
  const isText = purposeOf({ pooling: model.header?.pooling ?? null }) === "text";
  if (settings.contextLength !== null || !isText || slots < mostSlots) return more;
  const steps = largestOf(
    Math.ceil(more.contextLength / CONTEXT_STEP),
    Math.ceil(trained / CONTEXT_STEP),
    (count) => fits({ ...more, contextLength: Math.min(trained, count * CONTEXT_STEP) }),
  );
  const contextLength = Math.min(trained, steps * CONTEXT_STEP);
  return { ...more, contextLength: Math.max(more.contextLength, contextLength) };
}

/** Tokens that llama-server has to compute at once, where it is to be told. */
export function batchOf(
  { header }: SizedModel,
  { contextLength }: Shape,
): { readonly batchTokens?: number } {
  const isText = purposeOf({ pooling: header?.pooling ?? null }) === "text";
  return isText || !header ? {} : { batchTokens: batchTokens(header, contextLength) };
}

/** For people, where the user has asked for more than the model can use. */
export function cappedNote(
  { header, name }: SizedModel & { readonly name: string },
  { contextLength }: ShapeSettings,
): string | null {
  const trained = header?.contextLength ?? 0;
  if (contextLength === null || trained === 0 || contextLength <= trained) return null;
  return `${name} was trained for a context of ${number(trained)} tokens, ` +
    `so it gets those and not the ${number(contextLength)} that were asked for`;
}

function number(count: number): string {
  return count.toLocaleString("en-GB");
}

/** The largest whole number up to `most` that fits; `least` does in any case. */
function largestOf(least: number, most: number, fits: (count: number) => boolean): number {
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
