/** Short ways to write members of a mesh in tables. */

import type { Instance, ModelRef, PeerId } from "../../src/mesh/mod.ts";
import type { Decision } from "../../src/node/plan/decide.ts";
import type { Plan } from "../../src/node/plan/plan.ts";
import { machine } from "../mesh/content.ts";
import type { Member, View } from "../../src/node/plan/view.ts";

export const BIG: ModelRef = { name: "big", fingerprint: "f".repeat(64) };
export const SMALL: ModelRef = { name: "small", fingerprint: "e".repeat(64) };

export function peer(name: string): PeerId {
  return name as PeerId;
}

export interface MemberOptions extends Partial<Omit<Member, "peer" | "machine">> {
  readonly rpcProtocol?: string;
  /** The member holds these files; `needBytes` is 100 for BIG and 10 for SMALL. */
  readonly holds?: readonly ModelRef[];
}

export function member(name: string, memoryBytes: number, options: MemberOptions = {}): Member {
  const { rpcProtocol = "8.0.0", holds = [], ...rest } = options;
  return {
    peer: peer(name),
    memoryBytes,
    models: holds.map((model) => ({
      ...model,
      sizeBytes: 1,
      needBytes: model.name === "big" ? 100 : 10,
    })),
    wanted: [],
    targets: [],
    rttsMs: {},
    split: false,
    tensorSplit: null,
    assignable: rest.targets === undefined,
    claims: [],
    refuses: [],
    dropped: [],
    failures: [],
    downloadBytes: 0,
    demand: {},
    instances: [],
    obeys: [],
    reservations: [],
    machine: machine({ name, engine: { build: "11669", rpcProtocol, origin: null } }),
    ...rest,
  };
}

export function instance(
  model: ModelRef,
  state: Instance["state"],
  workers: readonly string[] = [],
  term = 1,
): Instance {
  const share = 1 / (workers.length + 1);
  return {
    model,
    sizeBytes: 1,
    contextLength: 4_096,
    mode: state === "waiting" || workers.length > 0 ? "split" : "solo",
    state,
    term,
    hostShare: share,
    workers: workers.map((name) => ({ peer: peer(name), share })),
    needBytes: model.name === "big" ? 100 : 10,
    haveBytes: state === "waiting" ? 60 : 100,
  };
}

/** The plan that comes first, of a node that does one thing or nothing. */
export function planOf({ works: [work] }: Decision): Plan {
  return work?.plan ?? { kind: "standby" };
}

/** The view of the first member; round trips are 1 ms unless said. */
export function view(
  self: Member,
  others: readonly Member[],
  rtts: Record<string, number> = {},
): View {
  return {
    self,
    others,
    rttsMs: new Map(others.map((other) => [other.peer, rtts[other.peer] ?? 1])),
  };
}
