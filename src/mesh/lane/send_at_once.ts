/** The numbers by which a system names its socket options. */
interface System {
  readonly library: string;
  /** A folder with an entry for each open descriptor. */
  readonly descriptors: string;
  readonly socketLevel: number;
  readonly isListening: number;
}

const SYSTEMS: Partial<Record<typeof Deno.build.os, System>> = {
  linux: {
    library: "libc.so.6",
    descriptors: "/proc/self/fd",
    socketLevel: 1,
    isListening: 30,
  },
  darwin: {
    library: "libSystem.dylib",
    descriptors: "/dev/fd",
    socketLevel: 0xffff,
    isListening: 2,
  },
};
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** `sizeof(struct sockaddr_in6)`; both systems have the port in the third and fourth byte. */
const SOCKADDR_BYTES = 28;
const PORT_AT = 2;

/**
 * Has every connection that comes in through this TCP port send what it has at once, as those that go out do: they have
 * it from the listener. Deno has no call for it on a TLS connection. By Nagle's algorithm the end of an answer of more than
 * one record of TLS, 16 KB, waits for a word of the other end, which comes 40 ms later.
 * @returns how many listeners there are; none where the system has no such calls
 */
export function sendAtOnce(port: number): number {
  const system = SYSTEMS[Deno.build.os];
  if (system === undefined) return 0;
  try {
    const libc = openLibc(system.library);
    try {
      return [...Deno.readDirSync(system.descriptors)]
        .map(({ name }) => Number(name))
        .filter((descriptor) => listensOn(libc, descriptor, port, system))
        .filter((descriptor) => setNoDelay(libc, descriptor))
        .length;
    } finally {
      libc.close();
    }
  } catch {
    return 0; // another libc: the end of a large answer waits
  }
}

type Libc = ReturnType<typeof openLibc>;

function listensOn({ symbols }: Libc, descriptor: number, port: number, system: System): boolean {
  const address = new Uint8Array(SOCKADDR_BYTES);
  if (symbols.getsockname(descriptor, address, new Uint32Array([SOCKADDR_BYTES])) !== 0) {
    return false;
  }
  if (new DataView(address.buffer).getUint16(PORT_AT) !== port) return false;
  const value = new Int32Array(1);
  const { socketLevel, isListening } = system;
  const size = new Uint32Array([value.byteLength]);
  return symbols.getsockopt(descriptor, socketLevel, isListening, value, size) === 0 &&
    value[0] !== 0;
}

function setNoDelay({ symbols }: Libc, descriptor: number): boolean {
  return symbols.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]), 4) === 0;
}

function openLibc(library: string) {
  return Deno.dlopen(library, {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  });
}
