import { addressBytes } from "../../base/ip_address.ts";
import { AF_INET, AF_INET6, endOf, SOCKADDR_BYTES } from "../reach/linux_calls.ts";

const BOTH_DIRECTIONS = 2;

/** The two ends of a TCP connection. */
export interface TcpEnds {
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
}

/**
 * Ends TCP connections whose TLS handshake is under way: Deno leaves such a one open until the other end closes it,
 * which a stranger never does.
 */
export class HangUp {
  /** As the last look through all of them found them; it is asked again before it counts. */
  #descriptors = new Map<string, number>();

  /** False where it can't be done: calls and structures are those of Linux. */
  end(ends: TcpEnds): boolean {
    if (Deno.build.os !== "linux") return false;
    let libc: Libc | undefined;
    try {
      libc = openLibc();
      const descriptor = this.#find(libc, nameOf(ends));
      return descriptor !== undefined &&
        libc.symbols.shutdown(descriptor, BOTH_DIRECTIONS) === 0;
    } catch {
      return false;
    } finally {
      libc?.close();
    }
  }

  #find(libc: Libc, name: string): number | undefined {
    const known = this.#descriptors.get(name);
    if (known !== undefined && nameOfSocket(libc, known) === name) return known;
    this.#descriptors = new Map(
      [...Deno.readDirSync("/proc/self/fd")].flatMap((entry) => {
        const descriptor = Number(entry.name);
        const found = nameOfSocket(libc, descriptor);
        return found === undefined ? [] : [[found, descriptor]];
      }),
    );
    return this.#descriptors.get(name);
  }
}

type Libc = ReturnType<typeof openLibc>;

function nameOf({ localPort, remoteIp, remotePort }: TcpEnds): string {
  return `${localPort} ${addressBytes(remoteIp)?.join(".")} ${remotePort}`;
}

/** `undefined` for what is no connected socket. */
function nameOfSocket({ symbols }: Libc, descriptor: number): string | undefined {
  const remote = endBy(symbols.getpeername, descriptor);
  const local = remote === undefined ? undefined : endBy(symbols.getsockname, descriptor);
  if (remote === undefined || local === undefined) return undefined;
  return nameOf({ localPort: local.port, remoteIp: remote.ip, remotePort: remote.port });
}

function endBy(ask: Libc["symbols"]["getpeername"], descriptor: number) {
  const address = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint32Array([address.byteLength]);
  if (ask(descriptor, address, length) !== 0) return undefined;
  const family = new DataView(address.buffer).getUint16(0, true);
  return family === AF_INET || family === AF_INET6 ? endOf(address) : undefined;
}

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
  });
}
