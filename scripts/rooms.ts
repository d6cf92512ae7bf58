/**
 * The rooms inside the areas, each list from the top down: a file may import files of its own room and of rooms below
 * it. `""` is the area's own folder, with its door. docs/architecture.md tells what each room is for.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "src/mesh": [
    "",
    "pairing",
    "routes",
    "relay",
    "gossip",
    "link",
    "reach",
    "lan",
    "mapping",
    "trust",
    "quic",
    "base",
  ],
  "src/node": ["", "models", "report", "standby", "ends", "serving", "plan", "data"],
  "src/api": [
    "",
    "management",
    "ollama",
    "openai",
    "answer",
    "routing",
    "events",
    "keys",
    "http",
    "base",
  ],
  "src/cli": ["", "commands", "client", "terminal", "config", "base"],
  "src/tunnel": ["", "http", "rpc", "weights", "rpc_wire", "base"],
  "src/engine": ["", "install", "devices", "process", "health", "output", "base"],
  "src/models": [
    "",
    "inventory",
    "companions",
    "downloads",
    "weights",
    "hashing",
    "layouts",
    "catalog",
    "fit",
    "gguf",
    "base",
  ],
};
