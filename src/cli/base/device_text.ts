import { formatBytes } from "./format.ts";

interface DeviceWords {
  readonly name: string;
  readonly kind: string | null;
  readonly totalBytes: number;
  readonly offeredBytes: number;
  readonly usedBytes: number;
}

/** Kinds for people. A GPU with memory of its own is the usual one, and main memory says what it is by its name. */
const KINDS: Readonly<Record<string, string>> = {
  discrete: "GPU",
  integrated: "GPU that shares main memory",
  software: "software renderer",
  cpu: "main memory",
};

export function kindText(kind: string | null): string {
  return kind === null ? "-" : KINDS[kind] ?? kind;
}

/** `CUDA0 (GPU): 24.0 GB, 22.0 GB offered, 5.0 GB used` */
export function deviceText(
  { name, kind, totalBytes, offeredBytes, usedBytes }: DeviceWords,
): string {
  const words = kind === null ? name : `${name} (${kindText(kind)})`;
  const [total, offered, used] = [totalBytes, offeredBytes, usedBytes].map(bytesText);
  return `${words}: ${total}, ${offered} offered, ${used} used`;
}

function bytesText(bytes: number): string {
  return bytes === 0 ? "nothing" : formatBytes(bytes);
}
