import { RpcCommand } from "./commands.ts";
import { TENSOR_BYTES } from "./rpc_tensor.ts";

/** The differences between versions of the RPC protocol. */
export interface RpcLayout {
  /** For people. */
  readonly version: string;
  /** The place of a SET_TENSOR's offset; its data follow. */
  readonly setTensorOffsetAt: number;
  /** The bytes before a SET_TENSOR's data. */
  readonly setTensorPrefixBytes: number;
  /** Commands that this version is known to have. After any other one nobody can tell whose reply comes. */
  readonly lastCommand: number;
  readonly silent: ReadonlySet<number>;
  /** Whether command 18 is the fork's REGISTER_PEER. */
  readonly registersPeers: boolean;
}

export interface RpcVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

const OFFSET_BYTES = 8;

const {
  BUFFER_CLEAR,
  COMMAND_17,
  FREE_BUFFER,
  GRAPH_COMPUTE,
  GRAPH_RECOMPUTE,
  PEER_TENSOR_DATA,
  SET_TENSOR,
} = RpcCommand;

const V3: RpcLayout = {
  version: "3.x",
  setTensorOffsetAt: TENSOR_BYTES,
  setTensorPrefixBytes: TENSOR_BYTES + OFFSET_BYTES,
  lastCommand: PEER_TENSOR_DATA,
  silent: new Set([SET_TENSOR, GRAPH_COMPUTE, GRAPH_RECOMPUTE]),
  registersPeers: true,
};

const V5: RpcLayout = {
  ...V3,
  version: "5.x",
  lastCommand: COMMAND_17,
  registersPeers: false,
};

const V8: RpcLayout = {
  ...V5,
  version: "8.0",
  // Behind the tensor stands a byte: 1 where the data were offered by their hash before, else 0.
  setTensorOffsetAt: TENSOR_BYTES + 1,
  setTensorPrefixBytes: TENSOR_BYTES + 1 + OFFSET_BYTES,
  silent: new Set([...V5.silent, FREE_BUFFER, BUFFER_CLEAR, COMMAND_17]),
};

/** `undefined` for a version that nobody has looked at: its bytes pass as they are. */
export function layoutOf({ major, minor }: RpcVersion): RpcLayout | undefined {
  if (major === 3) return V3;
  if (major === 5) return V5;
  return major === 8 && minor === 0 ? V8 : undefined;
}

/** Whether a command is answered; `undefined` for one that the version is not known to have. */
export function hasReply({ silent, lastCommand }: RpcLayout, command: number): boolean | undefined {
  return command > lastCommand ? undefined : !silent.has(command);
}
