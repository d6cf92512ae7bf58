/** Reads from a llama-server where it has put a model: pure, fed line by line. */

import type { PlacedModel } from "../base/types.ts";

/** `load_tensors: offloaded 9/17 layers to GPU` */
const LAYERS = /\boffloaded (\d+)\/(\d+) layers to GPU/;

/**
 * `load_tensors:      Vulkan0 model buffer size =   113.40 MiB`, and those of the cache and of computing. In a split there is
 * `RPC0[127.0.0.1:50052]`, where an older build has `RPC[127.0.0.1:50052]`.
 */
const BUFFER = /\s(\S+) +(?:model|KV|RS|compute|output) buffer size = +([\d.]+) MiB/;

/** An rpc-server counts its devices, and what is wanted is all that lies behind one port. */
const REMOTE = /^RPC\d*\[.*:(\d+)\]$/;

/** `srv  llama_server: model loaded`, after which a line of a request costs nothing. */
const LOADED = /: model loaded|\blistening on /;

/** Buffers of the CPU that have names of their own: mapped files, repacked weights, memory that a GPU may read. */
const MAIN_MEMORY = /^CPU|_Host$|^BLAS$/;

/**
 * Reads the lines of one load. llama.cpp tries out several ways before it loads one, and tells of each: the first line of
 * layers belongs to the load, and what comes before it is forgotten. A draft has lines of its own, and is counted with it.
 */
export class PlacedLines {
  /** Its lines may come later than its first healthy answer. */
  #isLoaded = false;
  /** The buffers for computing come last. */
  #isWhole = false;
  #layers: Pick<PlacedModel, "layers" | "layersOnDevices"> | null = null;
  readonly #mebibytes = new Map<string, number>();
  readonly #mebibytesAtPorts = new Map<string, number>();

  /** Returns whether `placed` is another one now. */
  add(line: string): boolean {
    if (this.#isLoaded) return false;
    this.#isLoaded = LOADED.test(line);
    const [, onDevices, all] = LAYERS.exec(line) ?? [];
    if (onDevices !== undefined && this.#layers === null) {
      this.#mebibytes.clear();
      this.#mebibytesAtPorts.clear();
      this.#layers = { layers: Number(all), layersOnDevices: Number(onDevices) };
    }
    const [, name, mebibytes] = BUFFER.exec(line) ?? [];
    if (name === undefined || this.#layers === null) return false;
    this.#isWhole ||= line.includes("compute buffer");
    this.#count(name, Number(mebibytes));
    return this.#isWhole;
  }

  /** `null` until the load has told. */
  get placed(): PlacedModel | null {
    if (this.#layers === null || !this.#isWhole) return null;
    return {
      ...this.#layers,
      bytes: inBytes(this.#mebibytes),
      bytesAtPorts: inBytes(this.#mebibytesAtPorts),
    };
  }

  #count(name: string, mebibytes: number): void {
    const port = REMOTE.exec(name)?.[1];
    const sums = port === undefined ? this.#mebibytes : this.#mebibytesAtPorts;
    const key = port ?? (MAIN_MEMORY.test(name) ? "CPU" : name);
    sums.set(key, (sums.get(key) ?? 0) + mebibytes);
  }
}

function inBytes(mebibytes: ReadonlyMap<string, number>): Record<string, number> {
  const entries = [...mebibytes].map(([key, count]) => [key, Math.round(count * 2 ** 20)]);
  return Object.fromEntries(entries);
}
