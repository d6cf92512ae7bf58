/** Options of this process's own sockets that Deno has no call for. Of Linux alone: elsewhere numbers and structures differ. */

export const SOL_SOCKET = 1;

const AF_INET = 2;
const AF_INET6 = 10;
/** `sizeof(struct sockaddr_in6)`, the longer one. */
const SOCKADDR_BYTES = 28;

export interface LinuxSockets {
  /** File descriptors that this process has open. */
  descriptors(): readonly number[];
  /** Of an IP socket; `undefined` for anything else. */
  port(descriptor: number): number | undefined;
  /** Zero where the descriptor has no such option. */
  option(descriptor: number, level: number, name: number): number;
  /** @returns whether the system took it. */
  setOption(descriptor: number, level: number, name: number, value: number): boolean;
  close(): void;
}

/** @throws where the system is another one, or its C library. */
export function openLinuxSockets(): LinuxSockets {
  if (Deno.build.os !== "linux") throw new Error("it is set on Linux alone");
  const library = openLibc();
  const { symbols } = library;
  return {
    descriptors: () =>
      [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).sort((a, b) => a - b),
    port(descriptor) {
      const address = new Uint8Array(SOCKADDR_BYTES);
      const length = new Uint32Array([address.length]);
      return symbols.getsockname(descriptor, address, length) === 0 ? portIn(address) : undefined;
    },
    option(descriptor, level, name) {
      const value = new Int32Array(1);
      const length = new Uint32Array([value.byteLength]);
      return symbols.getsockopt(descriptor, level, name, value, length) === 0 ? value[0]! : 0;
    },
    setOption(descriptor, level, name, value) {
      const bytes = new Int32Array([value]);
      return symbols.setsockopt(descriptor, level, name, bytes, bytes.byteLength) === 0;
    },
    close: () => library.close(),
  };
}

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  });
}

/** Of a `struct sockaddr_in` or `sockaddr_in6`: the family is the machine's, the port the network's byte order. */
function portIn(address: Uint8Array): number | undefined {
  const view = new DataView(address.buffer);
  const family = view.getUint16(0, true);
  return family === AF_INET || family === AF_INET6 ? view.getUint16(2) : undefined;
}
