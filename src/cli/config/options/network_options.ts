import { API_DEFAULTS } from "../../../api/config.ts";
import { absolute } from "../cli_context.ts";
import { parseAddress, parseHostName, parseKey, parseNotEmpty, parsePort } from "../values.ts";
import { hidden, option } from "./node_option.ts";

/** Not for every command: `console` opens the page. */
export const NO_CONSOLE = {
  console: option<boolean>({
    flags: "--no-console",
    help: "leave the console page out",
    sets: (console) => ({ api: { console } }),
    shows: ({ api }) => !api.console,
  }),
};

export const PORT_OPTIONS = {
  port: option<number>({
    flags: "--port <n>",
    help: `API port, 0 takes a free one (default: ${API_DEFAULTS.port})`,
    read: parsePort,
    sets: (port) => ({ api: { port } }),
    shows: ({ api }) => api.port,
  }),
  consolePort: option<number>({
    flags: "--console-port <n>",
    help: `console port, 0 takes a free one (default: ${API_DEFAULTS.consolePort})`,
    read: parsePort,
    sets: (consolePort) => ({ api: { consolePort } }),
    shows: ({ api }) => api.consolePort,
  }),
};

export const NETWORK_OPTIONS = {
  bindPort: option<number>({
    flags: "--bind-port <n>",
    help: "UDP port for the mesh (default: chosen once and kept)",
    read: parsePort,
    sets: (bindPort) => ({ mesh: { bindPort } }),
    shows: ({ mesh }) => mesh.bindPort,
  }),
  lan: option<boolean>({
    flags: "--no-lan",
    help: "neither look for machines on the local network nor be found there",
    sets: (lan) => ({ mesh: { lan } }),
    shows: ({ mesh }) => !mesh.lan,
  }),
  portMapping: option<boolean>({
    flags: "--no-port-mapping",
    help: "do not ask the router to lead a port to this machine",
    sets: (portMapping) => ({ mesh: { portMapping } }),
    shows: ({ mesh }) => !mesh.portMapping,
  }),
  wideLane: option<boolean>({
    flags: "--no-wide-lane",
    help: "send RPC and files over QUIC alone, never over TCP",
    sets: (wideLane) => ({ mesh: { wideLane } }),
    shows: ({ mesh }) => !mesh.wideLane,
  }),
  listen: option<string>({
    flags: "--listen <addr>",
    help: `address of the API (default: ${API_DEFAULTS.listen})`,
    read: parseAddress,
    sets: (listen) => ({ api: { listen } }),
    shows: ({ api }) => api.listen,
  }),
  consoleListen: option<string>({
    flags: "--console-listen <addr>",
    help: "address of the console; beyond this machine it needs MESH_LLM_ADMIN_KEY",
    read: parseAddress,
    sets: (consoleListen) => ({ api: { consoleListen } }),
    shows: ({ api }) => api.consoleListen,
  }),
  hostName: option<readonly string[]>({
    flags: "--host-name <name>",
    help: "name under which callers reach this machine, such as gpu.lan or *.lan; may repeat",
    read: parseHostName,
    repeats: true,
    sets: (hostNames) => ({ api: { hostNames } }),
    shows: ({ api }) => api.hostNames,
  }),
  apiKey: option<string>({
    flags: "--api-key <key>",
    help: "key that API callers must send; MESH_LLM_API_KEY keeps it out of ps",
    read: parseKey,
    variable: "MESH_LLM_API_KEY",
    sets: (apiKey) => ({ api: { apiKey } }),
    shows: ({ api }) => hidden(api.apiKey),
  }),
  apiKeyFile: option<string>({
    flags: "--api-key-file <path>",
    completes: { files: "all" },
    help: "JSON file of keys with models and limits",
    read: parseNotEmpty,
    sets: (path, around) => ({ api: { apiKeyFile: absolute(path, around) } }),
    shows: ({ api }) => api.apiKeyFile,
  }),
  insecure: option<true>({
    flags: "--insecure",
    help: "allow --listen beyond this machine without a key",
    sets: (insecure) => ({ insecure }),
    shows: ({ insecure }) => insecure,
  }),
  recordPrompts: option<true>({
    flags: "--record-prompts",
    help: "keep the prompts of requests, for /api/requests",
    sets: (recordPrompts) => ({ api: { recordPrompts } }),
    shows: ({ api }) => api.recordPrompts,
  }),
};
