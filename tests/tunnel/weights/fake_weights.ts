import { createHash } from "node:crypto";
import { Fnv1a64 } from "../../../src/models/hashing/fnv1a64.ts";
import type {
  HostedWeight,
  Weight,
  WeightSource,
  WeightWriter,
} from "../../../src/tunnel/weights/weight_source.ts";
import { joined } from "../byte_cuts.ts";

export interface FakeWeight {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Weights in memory. A weight that is kept is there at the next read. */
export class FakeWeights implements WeightSource {
  readonly #hosted: HostedWeight[];
  readonly #bytes = new Map<string, Uint8Array>();
  readonly kept: string[] = [];
  /** SHA-256 of weights whose reading fails after this many pieces. */
  readonly broken = new Map<string, number>();
  current = true;
  pieceBytes = 4_000_000;

  constructor(weights: readonly FakeWeight[], fnv1a64: (bytes: Uint8Array) => string = fnv) {
    this.#hosted = weights.map(({ bytes, ...weight }) => {
      const sha256 = sha(bytes);
      this.#bytes.set(sha256, bytes);
      return { ...weight, byteLength: bytes.length, sha256, fnv1a64: fnv1a64(bytes) };
    });
  }

  named(name: string): readonly HostedWeight[] {
    return this.#hosted.filter((weight) => weight.name === name);
  }

  isCurrent(): Promise<boolean> {
    return Promise.resolve(this.current);
  }

  read({ sha256, byteLength }: Weight): Promise<AsyncGenerator<Uint8Array> | undefined> {
    const bytes = this.#bytes.get(sha256);
    const found = bytes?.length === byteLength ? this.#pieces(bytes, sha256) : undefined;
    return Promise.resolve(found);
  }

  keep({ sha256, name }: Weight): WeightWriter {
    const parts: Uint8Array[] = [];
    return {
      write: (bytes) => void parts.push(bytes.slice()),
      commit: () => {
        const bytes = joined(parts);
        const right = sha(bytes) === sha256;
        if (right) {
          this.#bytes.set(sha256, bytes);
          this.kept.push(name);
        }
        return Promise.resolve(right);
      },
      abort: () => Promise.resolve(),
    };
  }

  async *#pieces(bytes: Uint8Array, sha256: string): AsyncGenerator<Uint8Array> {
    let left = this.broken.get(sha256) ?? Infinity;
    for (let at = 0; at < bytes.length; at += this.pieceBytes) {
      if (left-- === 0) throw new Error("The file changed");
      const piece = bytes.slice(at, at + this.pieceBytes);
      yield await Promise.resolve(piece);
      // It was the reader's only until now.
      piece.fill(0xee);
    }
  }
}

export function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function fnv(bytes: Uint8Array): string {
  const hash = new Fnv1a64(bytes.length);
  hash.buffer.set(bytes);
  hash.update(bytes.length);
  return hash.digest();
}
