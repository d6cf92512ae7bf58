/** `chat`, `run`, `licenses`, `completions`, and what the scripts of the latter call. */

import { Argument, type Command } from "commander";
import {
  type Actions,
  type AgentOptions,
  type ChatOptions,
  type Shell,
  SHELLS,
} from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataDirOption } from "../serve_options.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addChatCommand(program: Command, actions: Actions): void {
  addDataDirOption(program.command("chat [words...]").usage("[MODEL] [PROMPT] [options]"))
    .description("talk to a model in the terminal, or get one answer to a prompt or a pipe")
    .option("--api <url>", "ask this API in place of the running node's")
    .option("--no-history", "keep nothing of what is typed for the next chat")
    .addHelpText("after", CHAT_EXAMPLES)
    .action((words: readonly string[], options: DataOptions & ChatOptions) => {
      actions.chat(words, { ...dataDirOf(program), ...options });
    });
}

const CHAT_EXAMPLES = `
Examples:
  mesh-llm chat                            talk; /help lists the commands
  mesh-llm chat guide "What is a mesh?"    one answer
  cat report.txt | mesh-llm chat "summarise this"

A key of the API is taken from MESH_LLM_API_KEY.`;

export function addAgentCommand(program: Command, actions: Actions): void {
  addDataOptions(program.command("run <agent> [words...]"))
    .description("show a tool's settings for this node's API, or start it with them")
    .option("--exec", "start the tool; further words go to it")
    .option("--model <name>", "model to use (default: the node's own)")
    .option("--address <address>", "address of this machine to ask at (default: loopback)")
    .addHelpText("after", AGENT_EXAMPLES)
    .action((agent: string, words: readonly string[], options: DataOptions & AgentOptions) => {
      actions.runAgent(agent, words, { ...dataDirOf(program), ...options });
    });
}

const AGENT_EXAMPLES = `
Tools: goose, opencode, pi, claude, aider, continue, open-webui

Examples:
  mesh-llm run goose                     its settings, to copy
  mesh-llm run pi --address 192.168.1.5  for another machine of the network
  mesh-llm run claude --exec             start Claude Code on this node's model
  mesh-llm run aider --exec -- --no-git  with options of its own`;

export function addCompletionCommands(program: Command, actions: Actions): void {
  program.command("licenses")
    .description("print what is in this program, and under which terms")
    .option("--json", "print JSON")
    .addHelpText("after", LICENSES_EXAMPLES)
    .action((options: Pick<DataOptions, "json">) => actions.licenses(options));
  program.command("completions")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", COMPLETION_EXAMPLES)
    .action((shell: Shell) => actions.completions(shell));
  // The command that those scripts call.
  program.command("complete", { hidden: true })
    .argument("[words...]")
    .action((words: readonly string[]) => actions.complete(words));
}

const LICENSES_EXAMPLES = `
Examples:
  mesh-llm licenses | less`;

const COMPLETION_EXAMPLES = `
Examples:
  source <(mesh-llm completions bash)  in ~/.bashrc
  source <(mesh-llm completions zsh)   in ~/.zshrc
  mesh-llm completions fish | source   in ~/.config/fish/config.fish`;
