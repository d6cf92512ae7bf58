import { GOSSIP_RATE, ROUTES_RATE } from "./base/rate_defaults.ts";
import type { Mesh, MeshEvent } from "./base/mesh.ts";
import { GOSSIP_PROTOCOL } from "./gossip/gossip.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { MeshMode } from "./mesh_mode.ts";
import { nextTable } from "./routes/next_table.ts";
import { answerRoutes, ROUTES_PROTOCOL } from "./routes/routes.ts";

export interface AnsweringParts {
  readonly network: Pick<PeerNetwork, "handle">;
  readonly mesh: Pick<Mesh, "routes" | "subscribe">;
  /** The one that this node is in when it is asked. */
  readonly mode: () => Pick<MeshMode, "gossip" | "tellRoutes">;
  readonly emit: (event: MeshEvent) => void;
}

/** Answers the protocols that other nodes open to members. */
export function answerMembers({ network, mesh, mode, emit }: AnsweringParts): void {
  network.handle(
    GOSSIP_PROTOCOL,
    { maxStreams: 1, rate: GOSSIP_RATE },
    (stream, _peer, connection) => mode().gossip(stream, connection),
  );
  network.handle(
    ROUTES_PROTOCOL,
    { maxStreams: 4, rate: ROUTES_RATE },
    (stream) =>
      answerRoutes(stream, {
        table: () => mode().tellRoutes(),
        next: (known, waitMs) =>
          nextTable(known, {
            table: () => mesh.routes(),
            subscribe: (listener) => mesh.subscribe(listener),
          }, { waitMs, ended: stream.ended }),
        asked: (model, options) => emit({ type: "asked", model, ...options }),
      }),
  );
}
