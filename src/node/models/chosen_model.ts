import type { Logger } from "@logtape/logtape";
import type { Library, LocalModel } from "../../models/mod.ts";
import { type Choices, dateOf } from "../data/kept_choices.ts";

/** The model that its user chose while an earlier run lasted, wherever it lies; `null` where it is gone. */
export async function chosenModel(
  { pinned }: Choices,
  library: Library,
  signal: AbortSignal,
): Promise<LocalModel | null> {
  if (pinned === null) return null;
  const model = await library.resolve(pinned.path, signal).catch(() => null) ??
    await library.resolve(pinned.name, signal).catch(() => null);
  return model?.name === pinned.name ? model : null;
}

export interface Start {
  /** The earlier choices, as far as they still count. */
  readonly choices: Choices;
  readonly chosen: LocalModel | null;
  /** The model that --model or config.toml names first. */
  readonly named: LocalModel | null;
}

/** Notes about differences from the command line, each with the way back. Pure. */
export function startNotes({ choices: { pinned, dropped }, chosen, named }: Start): string[] {
  const notes: string[] = [];
  if (pinned !== null && chosen === null) {
    notes.push(
      `${pinned.name}, which was chosen here to be served, is not on this machine's disk any more`,
    );
  }
  if (pinned !== null && chosen !== null && named !== null && chosen.name !== named.name) {
    notes.push(
      `${chosen.name} is served, as was chosen here on ${
        dateOf(pinned.atMs)
      }, and not ${named.name}, ` +
        `which --model or config.toml names. \`mesh-llm drop ${named.name} --undo\` serves that one`,
    );
  }
  const droppedMs = named === null ? undefined : dropped[named.name];
  if (named !== null && droppedMs !== undefined && chosen === null) {
    notes.push(
      `${named.name} was dropped here on ${
        dateOf(droppedMs)
      }, and stays dropped although --model or ` +
        `config.toml names it. \`mesh-llm drop ${named.name} --undo\` serves it again`,
    );
  }
  return notes;
}

export function logStart(start: Start, logger: Logger): void {
  for (const note of startNotes(start)) logger.warn("{note}", { note });
}
