/** `join`, `pair list`, `pair accept`, `pair refuse`: machines of the local network join by a code. */

import { type Command, Option } from "commander";
import { addServeOptions, parser, type ServeOptions } from "../serve_options.ts";
import { parseCode, parseName, parseNotEmpty } from "../values.ts";
import type { Actions, JoinOptions, PairAcceptOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addPairCommands(program: Command, actions: Actions): void {
  addJoinCommand(program, actions);
  const pair = program.command("pair").helpCommand(false)
    .description("let a machine of this network in by the code that it shows");
  addDataOptions(pair.command("list"))
    .description("print the machine that asks to join")
    .addHelpText("after", LIST_EXAMPLES)
    .action((options: DataOptions) => actions.pairList({ ...dataDirOf(program), ...options }));
  addDataOptions(
    pair.command("accept").argument("<code>", "as the other machine shows it", parseCode),
  )
    .description("let the machine in that shows this code")
    .addHelpText("after", ACCEPT_EXAMPLES)
    .addOption(
      new Option("--role <role>", "role of the machine").choices(["member", "client"])
        .default("member"),
    )
    .option(
      "--name <name>",
      "name of the invite (default: the machine's own)",
      parser("--name", parseName),
    )
    .addOption(
      new Option(
        "--may-invite",
        "it may add others (default: a member may if the mesh was founded on this machine)",
      ).conflicts("invite"),
    )
    .option("--no-invite", "it may not add others")
    .action((code: string, options: DataOptions & PairAcceptOptions) =>
      actions.pairAccept(code, { ...dataDirOf(program), ...options })
    );
  addDataOptions(pair.command("refuse"))
    .description("send the machine away that asks to join")
    .addHelpText("after", REFUSE_EXAMPLES)
    .action((options: DataOptions) => actions.pairRefuse({ ...dataDirOf(program), ...options }));
}

function addJoinCommand(program: Command, actions: Actions): void {
  const command = program.command("join")
    .argument("[mesh]", "its name or number", parser("A mesh", parseNotEmpty))
    .description("ask a mesh of this network to let this machine in, and serve in it")
    .addHelpText("after", JOIN_EXAMPLES)
    .option("--yes", "ask nothing: the only mesh there is, also where this machine leaves another")
    .option("--json", "print JSON")
    .action((mesh: string | undefined, options: ServeOptions & JoinOptions, own: Command) =>
      actions.join(mesh, { ...program.opts(), ...options }, [own, program])
    );
  addServeOptions(command);
}

const JOIN_EXAMPLES = `
Examples:
  mesh-llm join           the mesh that is here; its machines ask for a code
  mesh-llm join studio    the one of this name
  mesh-llm join --client  only use its models

A node that runs already asks the mesh and moves into it.`;

const LIST_EXAMPLES = `
Examples:
  mesh-llm pair list`;

const ACCEPT_EXAMPLES = `
Examples:
  mesh-llm pair accept 482-913
  mesh-llm pair accept 482913 --role client  for a machine that serves nothing`;

const REFUSE_EXAMPLES = `
Examples:
  mesh-llm pair refuse  it has to wait before it asks again`;
