import { asError } from "../../base/as_error.ts";

/**
 * A listener's receive buffer, after it was asked for. The addon sets the one of the socket that dials; the one that listens has
 * the system's, which at full speed loses thousands of datagrams a second while the reader is busy.
 */
export type ReceiveBuffer =
  | { readonly kind: "set" }
  /** The system allows no more. */
  | { readonly kind: "limited"; readonly bytes: number }
  | { readonly kind: "unchanged"; readonly reason: string };

/** The calls of the system for it. Of Linux alone: elsewhere numbers and structures differ, and nobody has tried them. */
export interface SocketCalls {
  /** File descriptors that this process has open. */
  descriptors(): readonly number[];
  /** Of a UDP socket; `undefined` for anything else. */
  udpPort(descriptor: number): number | undefined;
  /** As much of the wish as the system has granted. */
  receiveBytes(descriptor: number): number;
  setReceiveBytes(descriptor: number, bytes: number, option: "usual" | "privileged"): void;
  close(): void;
}

/** Sets the receive buffer of the UDP sockets on a port of this process. Never throws. */
export function widenReceiveBuffer(
  port: number,
  bytes: number,
  load: () => SocketCalls = linuxSocketCalls,
): ReceiveBuffer {
  let calls: SocketCalls | undefined;
  try {
    calls = load();
    return widen(calls, port, bytes);
  } catch (error) {
    return { kind: "unchanged", reason: asError(error).message };
  } finally {
    calls?.close();
  }
}

function widen(calls: SocketCalls, port: number, bytes: number): ReceiveBuffer {
  const found = calls.descriptors().filter((one) => calls.udpPort(one) === port);
  if (found.length === 0) return { kind: "unchanged", reason: "its socket was not found" };
  const reached = found.map((one) => {
    calls.setReceiveBytes(one, bytes, "usual");
    // Above the system's limit only a privileged process may go, such as root's.
    if (calls.receiveBytes(one) < bytes) calls.setReceiveBytes(one, bytes, "privileged");
    return calls.receiveBytes(one);
  });
  const least = Math.min(...reached);
  return least >= bytes ? { kind: "set" } : { kind: "limited", bytes: least };
}

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOCK_DGRAM = 2;
const AF_INET = 2;
const AF_INET6 = 10;
/** `sizeof(struct sockaddr_in6)`, the longer one. */
const SOCKADDR_BYTES = 28;
/** Linux tells twice what was asked for: its own bookkeeping needs the other half. */
const TOLD_PER_ASKED = 2;

function linuxSocketCalls(): SocketCalls {
  if (Deno.build.os !== "linux") throw new Error("it is set on Linux alone");
  const { symbols, close } = openLibc();
  const option = (descriptor: number, name: number): number => {
    const value = new Int32Array(1);
    const length = new Uint32Array([value.byteLength]);
    return symbols.getsockopt(descriptor, SOL_SOCKET, name, value, length) === 0 ? value[0]! : 0;
  };
  return {
    descriptors: () =>
      [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).sort((a, b) => a - b),
    udpPort(descriptor) {
      if (option(descriptor, SO_TYPE) !== SOCK_DGRAM) return undefined;
      const address = new Uint8Array(SOCKADDR_BYTES);
      const length = new Uint32Array([address.length]);
      if (symbols.getsockname(descriptor, address, length) !== 0) return undefined;
      return portIn(address);
    },
    receiveBytes: (descriptor) => option(descriptor, SO_RCVBUF) / TOLD_PER_ASKED,
    setReceiveBytes(descriptor, bytes, how) {
      const name = how === "usual" ? SO_RCVBUF : SO_RCVBUFFORCE;
      const value = new Int32Array([bytes]);
      symbols.setsockopt(descriptor, SOL_SOCKET, name, value, value.byteLength);
    },
    close,
  };
}

function openLibc() {
  const library = Deno.dlopen("libc.so.6", {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  });
  return { symbols: library.symbols, close: () => library.close() };
}

/** Of a `struct sockaddr_in` or `sockaddr_in6`: the family is the machine's, the port the network's byte order. */
function portIn(address: Uint8Array): number | undefined {
  const view = new DataView(address.buffer);
  const family = view.getUint16(0, true);
  return family === AF_INET || family === AF_INET6 ? view.getUint16(2) : undefined;
}

/** A sentence for the log; `null` where the buffer is as it should be. Pure. */
export function receiveBufferLine(buffer: ReceiveBuffer, wantedBytes: number): string | null {
  switch (buffer.kind) {
    case "set":
      return null;
    case "limited":
      return `The system gives the mesh's UDP port a receive buffer of ${buffer.bytes} bytes, ` +
        `where ${wantedBytes} would make large transfers faster: ` +
        `sudo sysctl -w net.core.rmem_max=${wantedBytes} allows it from the next start`;
    case "unchanged":
      return `The mesh's UDP port keeps the system's receive buffer: ${buffer.reason}`;
  }
}
