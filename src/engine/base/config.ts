/** What can be set of llama.cpp on this machine. Travels whole to whoever uses it, and loads nothing. */

export interface EngineConfig {
  /** The only folder that llama.cpp is taken from; absolute. */
  readonly binDir: string | null;
  /** The most memory that is offered. */
  readonly maxVramBytes: number | null;
}

export const ENGINE_DEFAULTS: EngineConfig = { binDir: null, maxVramBytes: null };
