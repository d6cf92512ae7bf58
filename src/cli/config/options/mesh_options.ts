import { absolute } from "../cli_context.ts";
import { parseName, parseNotEmpty } from "../values.ts";
import { hidden, option } from "./node_option.ts";

export const MESH_OPTIONS = {
  join: option<string>({
    flags: "--join <token>",
    help:
      "join the mesh of this invite; - reads it from standard input, @PATH from a file, and MESH_LLM_JOIN keeps it out of ps",
    read: parseNotEmpty,
    variable: "MESH_LLM_JOIN",
    // The invite, or where it is to be found: `-` or `@PATH`.
    sets: (join, around) => ({
      mesh: { join: join.startsWith("@") ? `@${absolute(join.slice(1), around)}` : join },
    }),
    shows: ({ mesh }) => hidden(mesh.join),
  }),
  client: option<true>({
    flags: "--client",
    help: "use the models of a mesh and serve none",
    // Options of llama.cpp mean nothing to a client and do no harm; these contradict it.
    conflicts: ["model", "split"],
    sets: (client) => ({ client }),
    shows: ({ client }) => client,
  }),
  leave: option<true>({
    flags: "--leave",
    help: "leave the mesh that the data directory belongs to",
    sets: (leave) => ({ mesh: { leave } }),
  }),
  name: option<string>({
    flags: "--name <name>",
    help: "name of this node (default: the host name)",
    read: parseName,
    sets: (name) => ({ name }),
    shows: ({ name }) => name,
  }),
  allowSleep: option<true>({
    flags: "--allow-sleep",
    help: "let this machine fall asleep by itself also while it serves others",
    sets: (allowSleep) => ({ serving: { allowSleep } }),
    shows: ({ serving }) => serving.allowSleep,
  }),
};
