/** Bytes between nodes: llama.cpp's RPC and inference requests, over the mesh's streams. */

export { TunnelCounts } from "./counters.ts";
export { CrashedError, MovedError, TunnelError, UnreachableError } from "./base/errors.ts";
export { forwardHttp } from "./http/http_client_end.ts";
export { handleHttp } from "./http/http_server_end.ts";
export { forwardLocal } from "./http/local_http.ts";
export { RpcTunnels } from "./rpc/rpc_client_end.ts";
export { RpcServerEnd } from "./rpc/rpc_server_end.ts";
export type * from "./base/types.ts";
export type { WeightSource } from "./weights/weight_source.ts";
