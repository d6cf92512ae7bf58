/** Bytes between nodes: llama.cpp's RPC and inference requests, over the mesh's streams. */

export { TunnelCounts } from "./counters.ts";
export { CrashedError, MovedError, TunnelError, UnreachableError } from "./base/errors.ts";
export { forwardHttp } from "./http/http_client_end.ts";
export { handleHttp, type HttpServerOptions } from "./http/http_server_end.ts";
export { forwardLocal } from "./http/local_http.ts";
export { RpcTunnels, type RpcTunnelsOptions } from "./rpc/rpc_client_end.ts";
export { RpcServerEnd, type RpcServerEndOptions } from "./rpc/rpc_server_end.ts";
export type * from "./base/types.ts";
export type { HostedWeight, Weight, WeightSource, WeightWriter } from "./weights/weight_source.ts";
