import { asError } from "../../base/as_error.ts";
import { openLinuxSockets, SOL_SOCKET } from "../base/linux_sockets.ts";

/**
 * A listener's receive buffer, after it was asked for. The addon sets the one of the socket that dials; the one that listens has
 * the system's, which at full speed loses thousands of datagrams a second while the reader is busy.
 */
export type ReceiveBuffer =
  | { readonly kind: "set" }
  /** The system allows no more. */
  | { readonly kind: "limited"; readonly bytes: number }
  | { readonly kind: "unchanged"; readonly reason: string };

/** The calls of the system for it. */
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

const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOCK_DGRAM = 2;
/** Linux tells twice what was asked for: its own bookkeeping needs the other half. */
const TOLD_PER_ASKED = 2;

function linuxSocketCalls(): SocketCalls {
  const { descriptors, port, option, setOption, close } = openLinuxSockets();
  return {
    descriptors,
    udpPort: (descriptor) =>
      option(descriptor, SOL_SOCKET, SO_TYPE) === SOCK_DGRAM ? port(descriptor) : undefined,
    receiveBytes: (descriptor) => option(descriptor, SOL_SOCKET, SO_RCVBUF) / TOLD_PER_ASKED,
    setReceiveBytes(descriptor, bytes, how) {
      setOption(descriptor, SOL_SOCKET, how === "usual" ? SO_RCVBUF : SO_RCVBUFFORCE, bytes);
    },
    close,
  };
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
