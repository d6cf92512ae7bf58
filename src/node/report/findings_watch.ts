import type { Logger } from "@logtape/logtape";
import type { Finding } from "../../api/mod.ts";
import type { EngineAdvice, LostDevice } from "../../engine/mod.ts";
import type { Mesh, PeerId } from "../../mesh/mod.ts";
import { FINDINGS_INTERVAL_MS, FINDINGS_QUIET_MS } from "../plan/defaults.ts";
import type { CappedModel } from "./capped_models.ts";
import { findingsOf, type NodeFinding, subjectsOf } from "./findings.ts";

export interface FindingsWatchOptions {
  readonly mesh: Pick<
    Mesh,
    "self" | "role" | "members" | "routes" | "rttMs" | "addresses" | "subscribe"
  >;
  readonly version: string;
  /** The version of a newer release, where one was found. */
  readonly newerRelease: () => string | null;
  /** As of the findings' input. */
  readonly ownAuthorities: string | null;
  readonly dataDir: string;
  /** Whether its llama.cpp is the best for this machine; `null` without one. NVIDIA's tool can take seconds to answer. */
  readonly engineAdvice: Promise<EngineAdvice> | null;
  /** The devices that it does without since they were lost. */
  readonly lostDevices: () => readonly LostDevice[];
  /** The models of this node that get a shorter context than was asked for. */
  readonly capped: () => readonly CappedModel[];
  /** Of the disk that a folder lies on. */
  readonly freeBytes: (folder: string) => Promise<number>;
  /** Runs something later; what it returns calls that off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
  readonly logger: Logger;
  /** The findings have changed. */
  readonly changed: () => void;
}

/** Looks for what stands in the user's way while a node runs, and says in the log what has come. */
export class FindingsWatch {
  readonly #options: FindingsWatchOptions;
  /** Findings that the log has: each is logged once for as long as it is true, whatever its figures are meanwhile. */
  #said: ReadonlySet<string> = new Set();
  #told = "";
  #freeBytes: number | null = null;
  #engineAdvice: EngineAdvice | null = null;
  #callOff: () => void = () => {};
  #soon = false;
  #stopped = false;
  readonly #unsubscribe: () => void;

  constructor(options: FindingsWatchOptions) {
    this.#options = options;
    this.#unsubscribe = options.mesh.subscribe(() => this.wake());
    this.wake();
    void this.#hear(options);
  }

  /** As it is now. */
  get current(): Finding[] {
    return this.#find().map(({ subjects: _, ...finding }) => finding);
  }

  #find(): NodeFinding[] {
    const { mesh, version, dataDir, lostDevices, capped, newerRelease, ownAuthorities } =
      this.#options;
    const members = new Map(mesh.members().map((member) => [member.peer, member]));
    const toldMs = (from: PeerId, to: PeerId) =>
      from === mesh.self ? mesh.rttMs(to) : members.get(from)?.rttsMs[to];
    return findingsOf({
      self: mesh.self,
      role: mesh.role,
      routes: mesh.routes(),
      addresses: mesh.addresses(),
      distanceMs: (a, b) => toldMs(a, b) ?? toldMs(b, a),
      startedMs: (peer) => members.get(peer)?.incarnation,
      freeBytes: this.#freeBytes,
      nowMs: Date.now(),
      version,
      newerRelease: newerRelease(),
      dataDir,
      ownAuthorities,
      engineAdvice: this.#engineAdvice,
      lostDevices: lostDevices(),
      capped: capped(),
    });
  }

  /** Something has changed: it is looked at once that has settled. */
  wake(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#schedule(FINDINGS_QUIET_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#callOff();
  }

  async #hear({ engineAdvice, logger }: FindingsWatchOptions): Promise<void> {
    try {
      this.#engineAdvice = await engineAdvice;
    } catch (error) {
      logger.error("Could not look at this machine's devices: {error}", { error });
    }
    if (this.#engineAdvice !== null) this.wake();
  }

  #schedule(delayMs: number): void {
    this.#callOff();
    if (!this.#stopped) this.#callOff = this.#options.after(delayMs, () => this.#check());
  }

  async #check(): Promise<void> {
    this.#soon = false;
    const { dataDir, freeBytes, logger, changed } = this.#options;
    try {
      this.#freeBytes = await freeBytes(dataDir);
    } catch {
      this.#freeBytes = null; // what the disk does not say is no finding
    }
    try {
      const findings = this.#find();
      const news = findings.filter((one) => subjectsOf(one).some((key) => !this.#said.has(key)));
      for (const { about, level, found, remedy } of news) {
        logger.warn("{found}. {remedy}", {
          event: "finding",
          about,
          severity: level,
          found,
          remedy,
        });
      }
      this.#said = new Set(findings.flatMap(subjectsOf));
      const told = findings.map(({ found }) => found).join("\n");
      const differs = told !== this.#told;
      this.#told = told;
      if (differs) changed();
    } catch (error) {
      // It is made of what other nodes say, and what a timer throws ends the process.
      logger.error("Could not look for problems: {error}", { error });
    }
    if (!this.#soon) this.#schedule(FINDINGS_INTERVAL_MS);
  }
}
