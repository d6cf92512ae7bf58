/** The first exchange of llama.cpp's RPC wire, which tells its version: facts of the wire are in src/tunnel. */

import { LOOPBACK } from "../base/defaults.ts";

const HELLO = 14;
/** Capabilities of the client, all zero: no RDMA. Versions up to 3 want no payload at all. */
const CAPABILITIES_BYTES = 24;
const HEADER_BYTES = 8;
/** major, minor, patch; since 4 or 5 padding and capabilities follow. */
const RESPONSE_BYTES: readonly number[] = [3, 4 + CAPABILITIES_BYTES];

export function helloRequest(payloadBytes: number): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(1 + HEADER_BYTES + payloadBytes);
  request[0] = HELLO;
  new DataView(request.buffer).setBigUint64(1, BigInt(payloadBytes), true);
  return request;
}

/** `major.minor.patch`, or `undefined` while the response is incomplete or is none. */
export function parseHelloResponse(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!RESPONSE_BYTES.includes(size) || bytes.length < HEADER_BYTES + size) return undefined;
  return bytes.subarray(HEADER_BYTES, HEADER_BYTES + 3).join(".");
}

/** Asks an rpc-server on loopback for its version; `undefined` where it hangs up on both forms of the question. */
export async function askRpcProtocol(
  port: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  return await hello(port, CAPABILITIES_BYTES, signal) ?? await hello(port, 0, signal);
}

async function hello(port: number, payloadBytes: number, signal: AbortSignal) {
  using connection = await Deno.connect({ hostname: LOOPBACK, port });
  using _ = closeOnAbort(connection, signal);
  await connection.write(helloRequest(payloadBytes));
  let received = new Uint8Array(0);
  const buffer = new Uint8Array(64);
  while (true) {
    // A server that does not know the form closes the connection, unread bytes and all.
    const count = await connection.read(buffer).catch(() => null);
    signal.throwIfAborted();
    if (count === null) return undefined;
    received = new Uint8Array([...received, ...buffer.subarray(0, count)]);
    const version = parseHelloResponse(received);
    if (version !== undefined) return version;
  }
}

function closeOnAbort(connection: Deno.Conn, signal: AbortSignal): Disposable {
  signal.throwIfAborted();
  const close = () => connection.close();
  signal.addEventListener("abort", close, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", close) };
}
