/** llama.cpp's RPC commands by number: `enum rpc_cmd` in ggml/src/ggml-rpc/ggml-rpc.cpp. */
export const RpcCommand = {
  ALLOC_BUFFER: 0,
  GET_ALIGNMENT: 1,
  GET_MAX_SIZE: 2,
  BUFFER_GET_BASE: 3,
  FREE_BUFFER: 4,
  BUFFER_CLEAR: 5,
  SET_TENSOR: 6,
  SET_TENSOR_HASH: 7,
  GET_TENSOR: 8,
  COPY_TENSOR: 9,
  GRAPH_COMPUTE: 10,
  GET_DEVICE_MEMORY: 11,
  INIT_TENSOR: 12,
  GET_ALLOC_SIZE: 13,
  HELLO: 14,
  DEVICE_COUNT: 15,
  GRAPH_RECOMPUTE: 16,
  /** MEMSET_TENSOR in stock llama.cpp, SET_TENSOR_GGUF in the fork. */
  COMMAND_17: 17,
  REGISTER_PEER: 18,
  PUSH_TENSOR_TO_PEER: 19,
  PEER_TENSOR_DATA: 20,
} as const;

/** Those that come for every token. */
export const OF_A_TOKEN: ReadonlySet<number> = new Set([
  RpcCommand.SET_TENSOR,
  RpcCommand.GRAPH_COMPUTE,
  RpcCommand.GRAPH_RECOMPUTE,
  RpcCommand.GET_TENSOR,
]);

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(RpcCommand).map(([name, command]) => [command, name.toLowerCase()]),
);

/** For counters: a command without a name is counted by its number. */
export function commandName(command: number): string {
  return NAMES.get(command) ?? `command_${command}`;
}
