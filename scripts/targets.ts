/** The platforms that executables are made for. Pure. */

export interface Target {
  /** As in the name of the executable. */
  readonly name: string;
  /** As `deno compile` calls it. */
  readonly triple: string;
  /** npm package of its QUIC addon. */
  readonly addon: string;
}

/** Debian, Ubuntu, Fedora and their kin are glibc; Deno has no base executable for musl. */
export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    addon: "@chainsafe/libp2p-quic-linux-x64-gnu",
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    addon: "@chainsafe/libp2p-quic-linux-arm64-gnu",
  },
  {
    name: "darwin-x64",
    triple: "x86_64-apple-darwin",
    addon: "@chainsafe/libp2p-quic-darwin-x64",
  },
  {
    name: "darwin-arm64",
    triple: "aarch64-apple-darwin",
    addon: "@chainsafe/libp2p-quic-darwin-arm64",
  },
];

/** By its short name or by Deno's. */
export function findTarget(name: string): Target | undefined {
  return TARGETS.find((target) => target.name === name || target.triple === name);
}

const ELF_MAGIC = 0x7f454c46;
const ELF_MACHINE_OFFSET = 18;
const MACH_O_MAGIC = 0xcffaedfe;
const MACH_O_CPU_OFFSET = 4;

/** As much of an executable as tells its platform. */
export const HEADER_BYTES = 20;

/** The platform of an executable, read from its first bytes; `undefined` where it is none of ours. */
export function targetOf(header: Uint8Array): Target | undefined {
  if (header.length < HEADER_BYTES) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  switch (view.getUint32(0)) {
    case ELF_MAGIC:
      return findTarget(
        new Map([[0x3e, "linux-x64"], [0xb7, "linux-arm64"]])
          .get(view.getUint16(ELF_MACHINE_OFFSET, true)) ?? "",
      );
    case MACH_O_MAGIC:
      return findTarget(
        new Map([[0x01000007, "darwin-x64"], [0x0100000c, "darwin-arm64"]])
          .get(view.getUint32(MACH_O_CPU_OFFSET, true)) ?? "",
      );
    default:
      return undefined;
  }
}
