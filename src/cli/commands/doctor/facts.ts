/** The facts that the doctor checks. Values only: `gather.ts` collects them, `findings.ts` judges. */

import type { PeerCheck, Status } from "../../../api/mod.ts";
import type { EngineAdvice, LeftDevice } from "../../../engine/mod.ts";
import type { LastLook } from "../../update/last_look.ts";

export type EngineFact =
  | {
    readonly kind: "works";
    readonly build: string;
    readonly rpcProtocol: string;
    readonly devices: Status["node"]["devices"];
    readonly leftOut: readonly LeftDevice[];
    /** Whether it is the best for this machine. */
    readonly advice: EngineAdvice;
  }
  /** The node that runs is a client. */
  | { readonly kind: "none" }
  /** Not found, or does not run; the sentence says where it was looked for. */
  | { readonly kind: "fails"; readonly sentence: string };

export interface PortFact {
  readonly flag: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  readonly use: "free" | "this node" | "another program";
}

export interface DoctorFacts {
  readonly version: string;
  readonly engine: EngineFact;
  /** Why QUIC does not work here; `null` where it does. */
  readonly quicProblem: string | null;
  readonly ports: readonly PortFact[];
  readonly dataDir: {
    readonly path: string;
    /** Why nothing can be written there. */
    readonly unusable: string | null;
    /** A warning about the folders above it. */
    readonly warning?: string | null;
    readonly freeBytes: number | null;
    /** The youngest file of mesh-llm there, in milliseconds since the epoch. */
    readonly newestMs: number | null;
  };
  /** Sentences about files that can't be used. */
  readonly brokenModels: readonly string[];
  readonly models: number;
  readonly nowMs: number;
  /** The last look for a release, where anybody has looked; `null` for a program that `update` can't replace. */
  readonly update: { readonly look: LastLook | null } | null;
  /** `null` where no node runs. */
  readonly node: { readonly status: Status; readonly peers: readonly PeerCheck[] } | null;
}
