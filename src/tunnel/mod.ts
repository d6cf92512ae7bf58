/** Bytes between nodes: llama.cpp's RPC and inference requests, over the mesh's streams. */

export { TunnelCounts } from "./counters.ts";
export { CrashedError, MovedError, TunnelError, UnreachableError } from "./errors.ts";
export { forwardHttp } from "./http_client_end.ts";
export { handleHttp, type HttpServerOptions } from "./http_server_end.ts";
export { forwardLocal } from "./local_http.ts";
export { RpcTunnels, type RpcTunnelsOptions } from "./rpc_client_end.ts";
export { RpcServerEnd, type RpcServerEndOptions } from "./rpc_server_end.ts";
export type * from "./types.ts";
export type { HostedWeight, Weight, WeightSource, WeightWriter } from "./weights/types.ts";
