import type { Logger } from "@logtape/logtape";
import { isNamed, isSameContent, longId } from "../../base/model_ids.ts";
import type { Library, LocalModel } from "../../models/mod.ts";
import { type Choices, dateOf } from "../data/kept_choices.ts";

/** The model that its user chose while an earlier run lasted, wherever it lies; `null` where it is gone. */
export async function chosenModel(
  { pinned }: Choices,
  library: Library,
  signal: AbortSignal,
): Promise<LocalModel | null> {
  if (pinned === null) return null;
  const { name, path, fingerprint } = pinned;
  const id = fingerprint === undefined ? name : longId({ name, fingerprint });
  const model = await library.resolve(path, signal).catch(() => null) ??
    await library.resolve(id, signal).catch(() => null) ??
    await library.resolve(name, signal).catch(() => null);
  return model?.name === name ? model : null;
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
  const isAnother = chosen !== null && named !== null && !isSameContent(chosen, named);
  if (pinned !== null && isAnother) {
    const [choice, other] = chosen.name === named.name
      ? [longId(chosen), longId(named)]
      : [chosen.name, named.name];
    notes.push(
      `${choice} is served, as was chosen here on ${dateOf(pinned.atMs)}, and not ${other}, ` +
        `which --model or config.toml names. \`mesh-llm drop ${other} --undo\` serves that one`,
    );
  }
  const [, droppedMs] = Object.entries(dropped)
    .find(([name]) => named !== null && isNamed(name, named)) ?? [];
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
