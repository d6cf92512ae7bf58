import { asError } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import type { RpcTensor } from "../rpc_wire/rpc_tensor.ts";
import type { WeightSource, WeightWriter } from "./weight_source.ts";

/** The host's end's description of the SET_TENSOR that follows. */
export interface Announced {
  readonly sha256: string;
  readonly byteLength: number;
}

/**
 * Keeps weights while they pass to rpc-server, which never waits for it: a disk that is full or slow
 * costs the copy.
 */
export class ReceivedWeights {
  readonly #weights: WeightSource;
  readonly #logger: Logger;
  readonly #keeping = new Set<Promise<void>>();
  #announced: Announced | undefined;
  #writer: WeightWriter | undefined;

  constructor(weights: WeightSource, logger: Logger) {
    this.#weights = weights;
    this.#logger = logger;
  }

  announce(announced: Announced): void {
    this.#announced = announced;
  }

  /** A SET_TENSOR begins. Only one that was announced is kept: everything else is activations. */
  begin(tensor: RpcTensor, byteLength: number): void {
    const announced = this.#announced;
    this.#announced = undefined;
    if (announced?.byteLength !== byteLength) return;
    this.#writer = this.#weights.keep({ ...tensor, ...announced });
  }

  /** Copies what it keeps. */
  write(bytes: Uint8Array): void {
    this.#writer?.write(bytes);
  }

  /** The frame has come to its end. */
  commit(): void {
    if (this.#writer === undefined) return;
    const keeping = this.#finish(this.#writer).finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
    this.#writer = undefined;
  }

  /** Gives up what has not come to its end, and resolves when everything else is kept. */
  async end(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.abort();
    await Promise.all(this.#keeping);
  }

  async #finish(writer: WeightWriter): Promise<void> {
    try {
      await writer.commit();
    } catch (error) {
      this.#logger.warn("Could not keep a weight for the next load: {reason}", {
        reason: asError(error).message,
      });
    }
  }
}
