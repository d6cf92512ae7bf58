/** The settings of llama.cpp on this machine. They travel whole to their user, and load nothing. */

export interface EngineConfig {
  /** The only folder that llama.cpp is taken from; absolute. */
  readonly binDir: string | null;
  /** The most memory of GPUs that is offered; where main memory is all there is, the most of that as well. */
  readonly maxVramBytes: number | null;
  /** The most main memory that is offered; `null` is three quarters of it. */
  readonly maxRamBytes: number | null;
  /** The devices to use, by llama.cpp's names; empty is the CPU alone, and `null` leaves the choice to the engine. */
  readonly devices: readonly string[] | null;
}

export const ENGINE_DEFAULTS: EngineConfig = {
  binDir: null,
  maxVramBytes: null,
  maxRamBytes: null,
  devices: null,
};
