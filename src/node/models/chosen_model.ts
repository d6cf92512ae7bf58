import type { Logger } from "@logtape/logtape";
import type { Library, LocalModel } from "../../models/mod.ts";
import { type Choices, dateOf } from "../data/kept_choices.ts";

/** The models that its user chose in earlier runs, wherever they lie, without those that are gone. */
export async function chosenModels(
  { pinned }: Choices,
  library: Library,
  signal: AbortSignal,
): Promise<LocalModel[]> {
  const found = await Promise.all(pinned.map(async ({ name, path }) => {
    const model = await library.resolve(path, signal).catch(() => null) ??
      await library.resolve(name, signal).catch(() => null);
    return model?.name === name ? model : null;
  }));
  return found.filter((model) => model !== null);
}

type Named = Pick<LocalModel, "name">;

export interface Start {
  /** The earlier choices, as far as they still count. */
  readonly choices: Choices;
  readonly chosen: readonly Named[];
  /** The models that --model or config.toml names and that are on this disk. */
  readonly named: readonly Named[];
}

/** Notes about differences from the command line, each with the way back. Pure. */
export function startNotes({ choices: { pinned, dropped }, chosen, named }: Start): string[] {
  const isChosen = (name: string) => chosen.some((model) => model.name === name);
  const gone = pinned.filter(({ name }) => !isChosen(name)).map(({ name }) =>
    `${name}, which was chosen here to be served, is not on this machine's disk any more`
  );
  const left = named.filter(({ name }) => dropped[name] !== undefined && !isChosen(name));
  const stays = left.map(({ name }) =>
    `${name} was dropped here on ${
      dateOf(dropped[name] ?? 0)
    }, and stays dropped although --model or ` +
    `config.toml names it. \`mesh-llm drop ${name} --undo\` serves it again`
  );
  return [...gone, ...aheadOf({ pinned, chosen, named }), ...stays];
}

/** While there is memory for both, both are served: it matters which one comes first. */
function aheadOf(
  { pinned, chosen: [first], named: [asked] }:
    & Pick<Start, "chosen" | "named">
    & Pick<Choices, "pinned">,
): string[] {
  const choice = pinned.find(({ name }) => name === first?.name);
  if (choice === undefined || asked === undefined || asked.name === choice.name) return [];
  return [
    `${choice.name} comes first, as was chosen here on ${
      dateOf(choice.atMs)
    }, and before ${asked.name}, ` +
    `which --model or config.toml names. \`mesh-llm drop ${asked.name} --undo\` turns that round`,
  ];
}

export function logStart(start: Start, logger: Logger): void {
  for (const note of startNotes(start)) logger.warn("{note}", { note });
}
