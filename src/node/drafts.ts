import { canDraftFor, draftFor, type LocalModel, needBytes } from "../models/mod.ts";

/** What guesses tokens for a model: `--draft PATH`, `--no-draft`, or what is on the disk. */
export type DraftChoice =
  | { readonly kind: "auto" }
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly draft: LocalModel };

export interface DraftInput {
  readonly choice: DraftChoice;
  readonly models: readonly LocalModel[];
  readonly memoryBytes: number;
  readonly contextLength: number | null;
}

export type Draft =
  | { readonly kind: "draft"; readonly draft: LocalModel }
  | { readonly kind: "none"; readonly reason: string | null };

/** The draft that a model which this node serves alone gets: never at the price of the model itself. Pure. */
export function draftOf(model: LocalModel, input: DraftInput): Draft {
  const { choice, models, memoryBytes, contextLength } = input;
  const draft = choice.kind === "file"
    ? choice.draft
    : choice.kind === "auto"
    ? draftFor(model, models)
    : undefined;
  if (draft === undefined) return { kind: "none", reason: null };
  if (!canDraftFor(draft, model)) {
    return { kind: "none", reason: `${draft.name} has another vocabulary than ${model.name}` };
  }
  const need = needBytes(model, contextLength) + needBytes(draft, contextLength);
  if (need > memoryBytes) {
    return { kind: "none", reason: `${draft.name} would not fit beside ${model.name}` };
  }
  return { kind: "draft", draft };
}
