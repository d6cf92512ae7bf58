import { basename } from "node:path";
import {
  draftsFor,
  leastBytes,
  type LocalModel,
  type ProjectorFile,
  whyNoDraft,
} from "../../models/mod.ts";

/** The choice of a draft for a model: `--draft PATH`, `--no-draft`, or a model on the disk. */
export type DraftChoice =
  | { readonly kind: "auto" }
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly draft: LocalModel };

export interface CompanionInput {
  readonly choice: DraftChoice;
  readonly models: readonly LocalModel[];
  /** Memory for the model with its draft: that of the GPUs where there are some, for nothing drafts from main memory. */
  readonly roomBytes: number;
  readonly contextLength: number | null;
  /** The fewest that the model is served with. @default {1} */
  readonly slots?: number | null;
  /** Why llama-server could not load the model together with the file; `null` where nothing is known against it. */
  readonly failure: (companion: Companion) => string | null;
}

/** A file that helps a model, and that it can do without. */
export type Companion = Pick<LocalModel, "path" | "sizeBytes">;

export interface Companions {
  readonly draft: LocalModel | null;
  readonly projector: ProjectorFile | null;
  /** A sentence for each file that is left out. */
  readonly notes: readonly string[];
}

/** The companions of a model that this node serves: never at the price of the model itself. Pure. */
export function companionsOf(model: LocalModel, input: CompanionInput): Companions {
  const drafts = draftOf(model, input);
  const projector = projectorOf(model, input);
  return {
    draft: drafts.draft,
    projector: projector.projector,
    notes: [...projector.notes, ...drafts.notes],
  };
}

function draftOf(model: LocalModel, input: CompanionInput): Pick<Companions, "draft" | "notes"> {
  const { choice, models } = input;
  if (choice.kind === "none") return { draft: null, notes: [] };
  const candidates = choice.kind === "file" ? [choice.draft] : draftsFor(model, models);
  const notes = choice.kind === "file" ? [] : unfitOf("draft", model);
  for (const draft of candidates) {
    const why = whyNotBeside(draft, model, input);
    if (why === null) return { draft, notes };
    notes.push(`${draft.name} does not draft for ${model.name}: ${why}`);
  }
  return { draft: null, notes };
}

function whyNotBeside(draft: LocalModel, model: LocalModel, input: CompanionInput): string | null {
  const { roomBytes, contextLength, slots } = input;
  const why = whyNoDraft(draft, model) ?? input.failure(draft);
  if (why !== null) return why;
  const need = leastBytes(model, { contextLength, slots: slots ?? null }) +
    leastBytes(draft, { contextLength, slots: slots ?? null });
  return need > roomBytes ? "the two would not fit into this machine's memory" : null;
}

function projectorOf(
  model: LocalModel,
  { failure }: CompanionInput,
): Pick<Companions, "projector" | "notes"> {
  const { projector } = model;
  const why = projector === null ? null : failure(projector);
  if (projector === null || why === null) return { projector, notes: unfitOf("projector", model) };
  return { projector: null, notes: [projectorNote(projector.path, model, why)] };
}

function unfitOf(kind: "draft" | "projector", model: LocalModel): string[] {
  return (model.unfit ?? []).filter((one) => one.kind === kind).map(({ path, reason }) =>
    kind === "draft"
      ? `${basename(path)} does not draft for ${model.name}: ${reason}`
      : projectorNote(path, model, reason)
  );
}

function projectorNote(path: string, model: LocalModel, why: string): string {
  return `${basename(path)} is not used for ${model.name}, which sees and hears nothing: ${why}`;
}
