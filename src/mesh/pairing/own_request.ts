import { asError } from "../../base/as_error.ts";
import type { Clock } from "../base/clock.ts";
import type { LanMesh } from "../base/lan.ts";
import { type EarlierRequest, type OwnPairing, PairingError } from "../base/pairing.ts";
import { askMesh, PairingOverError } from "./guest.ts";

export interface OwnRequestParts {
  /** Of this machine. */
  readonly name: string;
  readonly clock: Clock;
  readonly changed: () => void;
  /** Moves this node into the mesh of an invite. Resolves once it is there. */
  readonly join: (token: string, mesh: LanMesh) => Promise<void>;
}

/** This node's own request to join another mesh, one at a time; the last one is shown until another is made. */
export class OwnRequest {
  readonly #parts: OwnRequestParts;
  #shown: OwnPairing | null = null;
  #asking: AbortController | null = null;

  constructor(parts: OwnRequestParts) {
    this.#parts = parts;
  }

  get shown(): OwnPairing | null {
    return this.#shown;
  }

  /** @throws {PairingError} while another one is under way. */
  begin(mesh: LanMesh): void {
    if (this.#asking !== null) {
      throw new PairingError("asking", "This machine asks already: end that request first");
    }
    const asking = new AbortController();
    this.#asking = asking;
    this.#show(mesh, { state: "asking" });
    void this.#ask(mesh, asking);
  }

  /** Shows what became of a request that was made before this node was started. @param arrived it is in that mesh */
  goOn({ mesh, problem }: EarlierRequest, arrived: () => Promise<void>): void {
    if (problem !== null) return this.#show(mesh, { state: "failed", problem });
    const joining = new AbortController();
    this.#asking = joining;
    this.#show(mesh, { state: "joining" });
    void this.#arrive(mesh, joining, arrived());
  }

  /** An invite that has come is not given back. */
  cancel(): void {
    if (this.#shown?.state === "joining") return;
    const wasAsking = this.#asking !== null;
    this.#asking?.abort(new Error("The request was ended here"));
    this.#asking = null;
    if (!wasAsking) return;
    this.#shown = null;
    this.#parts.changed();
  }

  stop(): void {
    this.#asking?.abort(new Error("This node stops"));
    this.#asking = null;
  }

  async #ask(mesh: LanMesh, asking: AbortController): Promise<void> {
    const { name, clock, join } = this.#parts;
    const { signal } = asking;
    try {
      const token = await askMesh(mesh, {
        name,
        clock,
        signal,
        showCode: (code) => this.#show(mesh, { state: "code", code }),
      });
      if (signal.aborted) return;
      this.#show(mesh, { state: "joining" });
      await this.#arrive(mesh, asking, join(token, mesh));
    } catch (error) {
      const isTold = error instanceof PairingOverError && error.why !== "untrue";
      const state = isTold ? "refused" : "failed";
      this.#end(asking, mesh, { state, problem: asError(error).message });
    }
  }

  async #arrive(mesh: Asked, asking: AbortController, arrived: Promise<void>): Promise<void> {
    try {
      await arrived;
      this.#end(asking, mesh, { state: "joined" });
    } catch (error) {
      this.#end(asking, mesh, { state: "failed", problem: asError(error).message });
    }
  }

  #end(asking: AbortController, mesh: Asked, outcome: Outcome): void {
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.#show(mesh, outcome);
  }

  #show({ name, shortId }: Asked, { state, code = null, problem = null }: Outcome): void {
    this.#shown = { mesh: name, shortId, state, code, problem };
    this.#parts.changed();
  }
}

type Asked = EarlierRequest["mesh"];

interface Outcome {
  readonly state: OwnPairing["state"];
  readonly code?: string | null;
  readonly problem?: string | null;
}
