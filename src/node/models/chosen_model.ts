import type { Logger } from "@logtape/logtape";
import { isNamed, isSameContent, longId } from "../../base/model_ids.ts";
import type { Library, LocalModel } from "../../models/mod.ts";
import { type Choices, dateOf } from "../data/kept_choices.ts";

/** The models that its user chose in earlier runs, wherever they lie, without those that are gone. */
export async function chosenModels(
  { pinned }: Choices,
  library: Library,
  signal: AbortSignal,
): Promise<LocalModel[]> {
  const found = await Promise.all(pinned.map(async ({ name, path, fingerprint }) => {
    const id = fingerprint === undefined ? name : longId({ name, fingerprint });
    const model = await library.resolve(path, signal).catch(() => null) ??
      await library.resolve(id, signal).catch(() => null) ??
      await library.resolve(name, signal).catch(() => null);
    return model?.name === name ? model : null;
  }));
  return found.filter((model) => model !== null);
}

type Named = Pick<LocalModel, "name" | "fingerprint">;

export interface Start {
  /** The earlier choices, as far as they still count. */
  readonly choices: Choices;
  readonly chosen: readonly Named[];
  /** The models that --model or config.toml names and that are on this disk. */
  readonly named: readonly Named[];
}

/** Notes about differences from the command line, each with the way back. Pure. */
export function startNotes({ choices: { pinned, dropped }, chosen, named }: Start): string[] {
  const isChosen = ({ name }: Pick<Named, "name">) => chosen.some((model) => model.name === name);
  const gone = pinned.filter((choice) => !isChosen(choice)).map(({ name }) =>
    `${name}, which was chosen here to be served, is not on this machine's disk any more`
  );
  const stays = named.flatMap((model) => {
    const [name, atMs] = Object.entries(dropped).find(([one]) => isNamed(one, model)) ?? [];
    const isLeft = name !== undefined && atMs !== undefined &&
      !chosen.some((one) => isSameContent(one, model));
    return isLeft
      ? [
        `${name} was dropped here on ${dateOf(atMs)}, and stays dropped although --model or ` +
        `config.toml names it. \`mesh-llm drop ${name} --undo\` serves it again`,
      ]
      : [];
  });
  return [...gone, ...aheadOf({ pinned, chosen, named }), ...stays];
}

/** While there is memory for both, both are served: it matters which one comes first. */
function aheadOf(
  { pinned, chosen: [first], named: [asked] }:
    & Pick<Start, "chosen" | "named">
    & Pick<Choices, "pinned">,
): string[] {
  const choice = pinned.find(({ name }) => name === first?.name);
  if (choice === undefined || first === undefined || asked === undefined) return [];
  if (isSameContent(first, asked)) return [];
  const [one, other] = first.name === asked.name
    ? [longId(first), longId(asked)]
    : [first.name, asked.name];
  return [
    `${one} comes first, as was chosen here on ${dateOf(choice.atMs)}, and before ${other}, ` +
    `which --model or config.toml names. \`mesh-llm drop ${other} --undo\` turns that round`,
  ];
}

export function logStart(start: Start, logger: Logger): void {
  for (const note of startNotes(start)) logger.warn("{note}", { note });
}
