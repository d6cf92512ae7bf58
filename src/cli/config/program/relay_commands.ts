/** `relay`, `relay claim`, `relay status` on a server; `relay add`, `relay list`, `relay remove` on a member. */

import type { Command } from "commander";
import { parser } from "../serve_options.ts";
import { parseIp, parseName, parseNotEmpty, parsePort } from "../values.ts";
import type { Actions, RelayAddOptions, RelayRunOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addRelayCommands(program: Command, actions: Actions): void {
  const relay = addDataOptions(program.command("relay")).helpCommand(false)
    .description("run a relay, or add, list or remove those of a mesh")
    .addHelpText("after", RELAY_EXAMPLES)
    .option(
      "--bind-port <port>",
      "UDP port (default: that of the last start, or a free one)",
      parser("--bind-port", parsePort),
    )
    .option(
      "--address <ip>",
      "address by which others reach this machine, where none of its own is it",
      parser("--address", parseIp),
    )
    .action((options: DataOptions & RelayRunOptions) => {
      actions.relayRun({ ...dataDirOf(program), ...options });
    });
  const dataOptionsOf = (options: DataOptions) => ({
    ...dataDirOf(program),
    ...relay.opts<DataOptions>(),
    ...options,
  });
  addDataOptions(relay.command("claim"))
    .description("print another claim of the relay of this machine, for one mesh")
    .addHelpText("after", CLAIM_EXAMPLES)
    .action((options: DataOptions) => actions.relayClaim(dataOptionsOf(options)));
  addDataOptions(relay.command("status"))
    .description("show the relay that runs on this machine")
    .addHelpText("after", STATUS_EXAMPLES)
    .action((options: DataOptions) => actions.relayStatus(dataOptionsOf(options)));
  addMemberCommands(relay, dataOptionsOf, actions);
}

function addMemberCommands(
  relay: Command,
  dataOptionsOf: (options: DataOptions) => DataOptions,
  actions: Actions,
): void {
  addDataOptions(
    relay.command("add").argument("<claim>", "as the relay has printed it; - reads it from input"),
  )
    .description("take a relay into the mesh of the running node")
    .addHelpText("after", ADD_EXAMPLES)
    .option("--name <name>", "what to call it", parser("--name", parseName))
    .action((claim: string, { name, ...options }: DataOptions & RelayAddOptions) =>
      actions.relayAdd(claim, { ...dataOptionsOf(options), ...(name && { name }) })
    );
  addDataOptions(relay.command("list"))
    .description("print the relays of the mesh of the running node")
    .addHelpText("after", LIST_EXAMPLES)
    .action((options: DataOptions) => actions.relayList(dataOptionsOf(options)));
  addDataOptions(
    relay.command("remove").argument("<id>", "its PeerId", parser("A relay", parseNotEmpty)),
  )
    .description("take a relay out of the mesh of the running node")
    .addHelpText("after", REMOVE_EXAMPLES)
    .action((id: string, options: DataOptions) => actions.relayRemove(id, dataOptionsOf(options)));
}

const RELAY_EXAMPLES = `
Examples:
  mesh-llm relay                         on a server; prints a claim
  mesh-llm relay --bind-port 47001       a port that its firewall lets in
  mesh-llm relay --address 203.0.113.7   behind a router that forwards the port
  mesh-llm relay add relay1_...          then, on a machine of the mesh

It needs no model and no llama.cpp, and can't read what it carries.`;

const CLAIM_EXAMPLES = `
Examples:
  mesh-llm relay claim  for another mesh; the relay goes on meanwhile`;

const STATUS_EXAMPLES = `
Examples:
  mesh-llm relay status  its address, and the meshes that it serves`;

const ADD_EXAMPLES = `
Examples:
  mesh-llm relay add relay1_... --name vps
  ssh server mesh-llm relay claim | mesh-llm relay add -`;

const LIST_EXAMPLES = `
Examples:
  mesh-llm relay list`;

const REMOVE_EXAMPLES = `
Examples:
  mesh-llm relay remove ID  the id that mesh-llm relay list shows`;
