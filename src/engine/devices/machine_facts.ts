/** The facts that decide which build of llama.cpp runs well on a machine. */

/** One NVIDIA card, as its driver tells it. */
export interface NvidiaGpu {
  readonly name: string;
  /** Compute capability; `null` where the driver does not tell it. */
  readonly capability: number | null;
}

export interface NvidiaFacts {
  /** `535.183.01` */
  readonly driver: string;
  /** Empty where `nvidia-smi` is missing or says nothing. */
  readonly gpus: readonly NvidiaGpu[];
}

export interface MachineFacts {
  readonly os: string;
  readonly arch: string;
  /** `2.36`; `null` where there is no glibc. */
  readonly glibc: string | null;
  /** `null` where NVIDIA's kernel driver is not loaded. */
  readonly nvidia: NvidiaFacts | null;
  /** AMD's compute driver is loaded. */
  readonly hasKfd: boolean;
  /** `libvulkan.so.1` can be loaded. */
  readonly hasVulkanLoader: boolean;
  /** Makers of the GPUs that the kernel has a driver for, once each: `NVIDIA`, `AMD`, `Intel`. */
  readonly gpus: readonly string[];
  /** On the disk of the data directory; `null` where the disk does not say. */
  readonly freeBytes: number | null;
}

/** Makers of GPUs by their PCI ids. Adapters of servers and virtual machines only draw. */
const MAKERS: Readonly<Record<string, string>> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
};

export function makerOf(vendorId: string): string | undefined {
  return MAKERS[vendorId.trim().toLowerCase()];
}

/** The version of NVIDIA's kernel driver, from `/proc/driver/nvidia/version`. */
export function parseNvidiaDriver(text: string): string | undefined {
  return /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1];
}

/**
 * `nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader`, one line a card; `null` where it names
 * none.
 */
export function parseNvidiaSmi(text: string): NvidiaFacts | null {
  let driver: string | undefined;
  const gpus = text.split("\n").flatMap((line): NvidiaGpu[] => {
    const [, name, version, capability] = SMI_LINE.exec(line) ?? [];
    if (name === undefined || version === undefined || capability === undefined) return [];
    driver ??= version;
    return [{ name, capability: /^\d+\.\d+$/.test(capability) ? Number(capability) : null }];
  });
  return driver === undefined ? null : { driver, gpus };
}

const SMI_LINE = /^\s*(\S.*?),\s*(\d[\d.]*),\s*([^,]*?)\s*$/;
