/** `mesh-llm completions SHELL`, and what the scripts call at each press of the key. */

import tab from "@bomb.sh/tab/commander";
import type { CatalogEntry } from "../../api/mod.ts";
import type { CompleteCommand, CompletionsCommand } from "../config/command.ts";
import type { CompletionKind } from "../config/options/node_option.ts";
import { completionKind, valueOn } from "./completion_kind.ts";
import { formatBytes } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import type { Actions } from "../config/program/actions.ts";
import { createCommands } from "../config/program/program.ts";
import type { Runtime } from "../terminal/runtime.ts";
import { dataDirOf } from "../config/cli_context.ts";

const PROGRAM = "mesh-llm";

/** The directives that the scripts understand in the last line of an answer, as cobra has defined them. */
const DIRECTIVES = { files: 0, noSpace: 2, nothingElse: 4, folders: 16 } as const;

/** More entries of a folder help nobody to choose. */
const FILES_OFFERED = 200;

/** The library prints by itself. */
export function runCompletions({ shell }: CompletionsCommand): number {
  completion().setup(PROGRAM, PROGRAM, shell);
  // The library's own line knows no files, which the shell offers where nothing else fits.
  if (shell === "bash") printOut(`complete -o default -F __mesh_llm_complete ${PROGRAM}\n`);
  return 0;
}

export async function runComplete({ words }: CompleteCommand, runtime: Runtime): Promise<number> {
  const kind = completionKind(words, commands());
  if (kind === null) {
    completion().parse([...words]);
    return 0;
  }
  const typed = words.at(-1) ?? "";
  const offers = (await offersOf(kind, words, runtime)).filter(([value]) =>
    value.startsWith(typed)
  );
  const lines = offers.map(([value, about]) => `${value}\t${about}\n`);
  printOut(`${lines.join("")}:${directiveFor(kind, offers)}\n`);
  return 0;
}

type Offer = readonly [value: string, about: string];

/** If nothing fits, the shell may offer files itself: it knows how to quote them, and the meaning of `~`. */
function directiveFor({ files, folders }: CompletionKind, offers: readonly Offer[]): number {
  if (folders) return DIRECTIVES.folders;
  if (offers.length > 0 && offers.every(([value]) => value.endsWith("/"))) {
    return DIRECTIVES.noSpace;
  }
  return files === undefined ? DIRECTIVES.nothingElse : DIRECTIVES.files;
}

/** A failure is of no use to the user who presses the key. */
async function offersOf(
  { agents, models, files }: CompletionKind,
  words: readonly string[],
  runtime: Runtime,
): Promise<Offer[]> {
  const offers = await Promise.all([
    agents ? offerAgents() : [],
    models === undefined ? [] : offerModels(models, words, runtime).catch(() => []),
    files === "models" ? offerFiles(words.at(-1) ?? "", runtime.facts.cwd).catch(() => []) : [],
  ]);
  return offers.flat();
}

async function offerAgents(): Promise<Offer[]> {
  const { agentSettings } = await import("../../api/mod.ts");
  return agentSettings({ apiUrl: "", apiKey: "", model: "", limits: null })
    .map(({ id, about }) => [id, about]);
}

const IS_OFFERED: Readonly<
  Record<NonNullable<CompletionKind["models"]>, (places: CatalogEntry["places"]) => boolean>
> = {
  disk: (places) => places.includes("disk"),
  mesh: (places) => places.includes("disk") || places.includes("mesh"),
  missing: (places) => !places.includes("disk"),
  all: () => true,
};

/** As the running node knows them, or as they lie on this disk. A directory is not made for it. */
async function offerModels(
  which: NonNullable<CompletionKind["models"]>,
  words: readonly string[],
  runtime: Runtime,
): Promise<Offer[]> {
  const named = valueOn(words, "--data-dir");
  const dataDir = dataDirOf(named === undefined ? {} : { dataDir: named }, runtime);
  await Deno.stat(dataDir);
  const { askCatalog } = await import("../client/ask_catalog.ts");
  const modelsDir = valueOn(words, "--models-dir") ?? null;
  const { entries } = await askCatalog({ dataDir, modelsDir }, runtime);
  return entries
    .filter(({ places, broken }) => broken === null && IS_OFFERED[which](places))
    .map(({ id, sizeBytes }) => [id, formatBytes(sizeBytes)]);
}

/** Models of this folder, and folders that may hold some; what is typed of a path is left to the shell. */
async function offerFiles(typed: string, cwd: string): Promise<Offer[]> {
  if (/[/~]/.test(typed)) return [];
  const offers: Offer[] = [];
  for await (const { name, isDirectory } of Deno.readDir(cwd)) {
    const isOffered = /^\w[\w.,@+-]*$/.test(name) && name.startsWith(typed) &&
      (isDirectory || name.endsWith(".gguf"));
    if (isOffered) offers.push(isDirectory ? [`${name}/`, "folder"] : [name, "file"]);
    if (offers.length === FILES_OFFERED) break;
  }
  return offers.sort(([a], [b]) => a < b ? -1 : 1);
}

/** Made of the very commands and options that are parsed; none of them is run. */
function commands() {
  return createCommands({} as Actions, { write: () => {}, prepare: () => {} });
}

function completion() {
  return tab(commands(), { completionCommandName: "completions" });
}
