import type { Logger } from "@logtape/logtape";
import { asError } from "../errors.ts";
import type { RpcTensor } from "../rpc_wire/rpc_tensor.ts";
import type { WeightSource, WeightWriter } from "./types.ts";

/** What the host's end says of the SET_TENSOR that follows. */
export interface Announced {
  readonly sha256: string;
  readonly byteLength: number;
}

/** Keeps weights while they pass to rpc-server. A disk that is full costs the copy, never the load. */
export class ReceivedWeights {
  readonly #weights: WeightSource;
  readonly #logger: Logger;
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
  async begin(tensor: RpcTensor, byteLength: number): Promise<void> {
    const announced = this.#announced;
    this.#announced = undefined;
    if (announced?.byteLength !== byteLength) return;
    const weight = { ...tensor, ...announced };
    await this.#try(async () => this.#writer = await this.#weights.keep(weight));
  }

  async write(bytes: Uint8Array, rest: number): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    await this.#try(async () => {
      await writer.write(bytes);
      if (rest > 0) return;
      this.#writer = undefined;
      await writer.commit();
    });
  }

  /** Gives up what has not come to its end. */
  async abort(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.abort();
  }

  async #try(keep: () => Promise<unknown>): Promise<void> {
    try {
      await keep();
    } catch (error) {
      this.#logger.warn("Could not keep a weight for the next load: {reason}", {
        reason: asError(error).message,
      });
      await this.abort();
    }
  }
}
