/** `token`, `token list`, `token revoke`, `token remove`. */

import { type Command, Option } from "commander";
import { parser } from "../serve_options.ts";
import { parseDuration, parseInviteId, parseName, parseNotEmpty } from "../values.ts";
import type { Actions, TokenOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addTokenCommands(program: Command, actions: Actions): void {
  const token = addDataOptions(program.command("token")).helpCommand(false)
    .description("print a new invite from the running node")
    .addHelpText("after", TOKEN_EXAMPLES)
    .addOption(
      new Option("--role <role>", "role of the node that joins by it").choices(["member", "client"])
        .default("member"),
    )
    .option(
      "--name <name>",
      "name of the person that the invite is for",
      parser("--name", parseName),
    )
    .addOption(
      new Option(
        "--may-invite",
        "its holder may add others (default: a member may if the mesh was founded on this machine)",
      ).conflicts("invite"),
    )
    .option("--no-invite", "its holder may not add others")
    .option(
      "--expires <time>",
      "end the membership after this time: 30m, 12h, 7d or 4w",
      parser("--expires", parseDuration),
    )
    .action((options: DataOptions & TokenOptions) => {
      actions.token({ ...dataDirOf(program), ...options });
    });
  addTokenListCommands(program, token, actions);
}

function addTokenListCommands(program: Command, token: Command, actions: Actions): void {
  const dataOptionsOf = (options: DataOptions) => ({
    ...dataDirOf(program),
    ...token.opts<DataOptions>(),
    ...options,
  });
  addDataOptions(token.command("list"))
    .description(
      "print the invites that the running node has made, and how many nodes joined by each",
    )
    .addHelpText("after", LIST_EXAMPLES)
    .action((options: DataOptions) => actions.tokenList(dataOptionsOf(options)));
  addDataOptions(token.command("revoke").argument("<id>", "as the list shows it", parseInviteId))
    .description(
      "end an invite, and cut off every node that joined by it, on every machine of the mesh",
    )
    .addHelpText("after", REVOKE_EXAMPLES)
    .action((id: string, options: DataOptions) => actions.tokenRevoke(id, dataOptionsOf(options)));
  addDataOptions(
    token.command("remove").argument(
      "<machine>",
      "its name or PeerId",
      parser("A machine", parseNotEmpty),
    ),
  )
    .description(
      "take one machine out of the mesh, with every invite that it has made; machines that came by them stay",
    )
    .option("--yes", "ask nothing")
    .addHelpText("after", REMOVE_EXAMPLES)
    .action((machine: string, { yes, ...options }: DataOptions & { yes?: true }) =>
      actions.tokenRemove(machine, { ...dataOptionsOf(options), ...(yes && { yes }) })
    );
}

const TOKEN_EXAMPLES = `
Examples:
  mesh-llm token                             for a machine that lends its memory
  mesh-llm token --role client --expires 7d  for a guest, for a week
  mesh-llm token | ssh mini mesh-llm --join -`;

const LIST_EXAMPLES = `
Examples:
  mesh-llm token list`;

const REVOKE_EXAMPLES = `
Examples:
  mesh-llm token revoke ID  the id that mesh-llm token list shows`;

const REMOVE_EXAMPLES = `
Examples:
  mesh-llm token remove mini  says who would have to be invited again, and asks`;
