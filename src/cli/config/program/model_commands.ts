/** `models`, `plan`, `download`, `rm`, `serve`, `drop`, `settings`. */

import type { Command } from "commander";
import type {
  Actions,
  DropOptions,
  ModelSettingsOptions,
  ModelsOptions,
  RemoveOptions,
} from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, addModelsDir, dataDirOf } from "./data_options.ts";

export function addModelCommands(program: Command, actions: Actions): void {
  addModelsDir(addDataOptions(program.command("models")))
    .alias("ls")
    .description("show the models on disk, in the mesh and in the catalog, and which of them fit")
    .option("--all", "list models of the catalog that fit nowhere, too")
    .addHelpText("after", MODELS_EXAMPLES)
    .action((options: DataOptions & ModelsOptions) => {
      actions.models({ ...dataDirOf(program), ...options });
    });
  addModelsDir(addDataOptions(program.command("plan <model>")))
    .description("show where a model would run, before it is loaded or downloaded")
    .addHelpText("after", PLAN_EXAMPLES)
    .action((model: string, options: DataOptions & ModelsOptions) => {
      actions.plan(model, { ...dataDirOf(program), ...options });
    });
  addModelsDir(addDataOptions(program.command("download <model>")))
    .alias("pull")
    .description("fetch a model; a download that was interrupted is resumed")
    .addHelpText("after", DOWNLOAD_EXAMPLES)
    .action((model: string, options: DataOptions & ModelsOptions) => {
      actions.download(model, { ...dataDirOf(program), ...options });
    });
  addModelsDir(addDataOptions(program.command("rm <model>")))
    .description("remove a model's files from the models folder of this machine")
    .option("--yes", "do not ask first")
    .addHelpText("after", REMOVE_EXAMPLES)
    .action((model: string, options: DataOptions & RemoveOptions) => {
      actions.remove(model, { ...dataDirOf(program), ...options });
    });
  addDataOptions(program.command("serve").argument("[model]"))
    .description("serve a model on the running node")
    .addHelpText("after", SERVE_EXAMPLES)
    .action((model: string | undefined, options: DataOptions) => {
      actions.serveModel(model, { ...dataDirOf(program), ...options });
    });
  addDataOptions(program.command("drop <model>"))
    .description("stop serving a model; the node stays in the mesh")
    .option("--undo", "serve it again")
    .addHelpText("after", DROP_EXAMPLES)
    .action((model: string, options: DataOptions & DropOptions) => {
      actions.drop(model, { ...dataDirOf(program), ...options });
    });
  addDataOptions(program.command("settings <model> [changes...]"))
    .description("show or change what the running node does with a model")
    .option("--reset", "take back all that was changed")
    .addHelpText("after", SETTINGS_EXAMPLES)
    .action(
      (model: string, changes: string[], options: DataOptions & ModelSettingsOptions) => {
        actions.settings(model, changes, { ...dataDirOf(program), ...options });
      },
    );
}

const PLAN_EXAMPLES = `
Examples:
  mesh-llm plan Qwen3-32B-Q4_K_M  alone, split, or not at all, with the numbers`;

const DOWNLOAD_EXAMPLES = `
Examples:
  mesh-llm download Qwen3-8B-Q4_K_M  a model of the catalog (mesh-llm models)
  mesh-llm download org/repo:Q5_K_M  a quantisation, from Hugging Face

HF_TOKEN is sent to Hugging Face, or to HF_ENDPOINT, and nowhere else.`;

const REMOVE_EXAMPLES = `
Examples:
  mesh-llm rm Qwen3-8B-Q4_K_M        all its files, after a yes
  mesh-llm rm Qwen3-8B-Q4_K_M --yes  for scripts

A model that this machine serves is dropped first: mesh-llm drop MODEL.`;

const MODELS_EXAMPLES = `
Examples:
  mesh-llm models                    all that are known and fit
  mesh-llm models --models-dir /srv  with another folder`;

const SERVE_EXAMPLES = `
Examples:
  mesh-llm serve Qwen3-8B-Q4_K_M  this node loads it; mesh-llm ps shows how far
                                  it is

It puts the model before all others of this node, and holds over restarts.`;

const SETTINGS_EXAMPLES = `
Examples:
  mesh-llm settings guide                      all that hold
  mesh-llm settings guide ctx=32768 pin=true   change two
  mesh-llm settings guide args="--temp 0.6"    arguments of llama-server
  mesh-llm settings guide draft=               back to what is configured

The keys are those of [model."NAME"] in config.toml. A model that is served is
loaded anew once its answers have ended.`;

const DROP_EXAMPLES = `
Examples:
  mesh-llm drop Qwen3-8B-Q4_K_M         its memory is free for another
  mesh-llm drop Qwen3-8B-Q4_K_M --undo  serve it again

The drop holds over restarts, until --undo, the console or another --model
undoes it.`;
