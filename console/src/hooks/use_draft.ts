import { useState } from "preact/hooks";
import type { Attachment } from "../lib/conversation.ts";

/** A question that is written and not sent yet. */
export interface Draft {
  readonly text: string;
  readonly files: readonly Attachment[];
}

export const EMPTY_DRAFT: Draft = { text: "", files: [] };

let kept = EMPTY_DRAFT;

/** One for the page: it waits while another page is looked at. */
export function useDraft(): [Draft, (update: (before: Draft) => Draft) => void] {
  const [draft, setDraft] = useState(kept);
  return [draft, (update) => setDraft(kept = update(kept))];
}
