import { TunnelError } from "../base/errors.ts";

/** Bytes that can't be llama.cpp's RPC. The only error of the decoder. */
export class RpcWireError extends TunnelError {
  override name = "RpcWireError";
}
