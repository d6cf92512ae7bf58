import type { RpcTraffic, Status } from "../../base/types.ts";
import { BoundedLabels, type Measures, OTHER, type Sample } from "./measures.ts";

type Tunnel = Status["tunnels"][number];

/** Streams to peers, and what crosses them. */
export function measureTunnels(measures: Measures): void {
  const peers = new BoundedLabels();
  const labels = ["peer", "kind"];
  const each = (value: (tunnel: Tunnel) => number | null) => ({ tunnels }: Status) =>
    tunnels.flatMap((tunnel): Sample[] => {
      const measured = value(tunnel);
      if (measured === null) return [];
      return [[{ peer: peers.of(tunnel.peer), kind: tunnel.kind }, measured]];
    });
  const roundTrips = each(({ rttMs }) => rttMs === null ? null : rttMs / 1_000);
  measures.gauge("tunnel_streams", "Open streams", labels, each(({ streams }) => streams));
  measures.gauge(
    "tunnel_rtt_seconds",
    "Round trip, in power-of-two buckets",
    labels,
    // Round trips of several peers make no sum.
    (status) => roundTrips(status).filter(([{ peer }]) => peer !== OTHER),
  );
  measures.total("tunnel_sent_bytes_total", "Bytes on streams", labels, each((t) => t.bytesSent));
  measures.total(
    "tunnel_received_bytes_total",
    "Bytes on streams",
    labels,
    each((t) => t.bytesReceived),
  );
  measures.total(
    "tunnel_weight_bytes_saved_total",
    "Weights that did not have to cross the network",
    labels,
    each((t) => t.weightBytesSaved),
  );
  measureRpc(measures, peers);
}

/** Of RPC streams; their bytes are those of their tunnel. */
function measureRpc(measures: Measures, peers: BoundedLabels): void {
  const total = (name: string, help: string, value: (rpc: RpcTraffic) => number) =>
    measures.total(
      `rpc_${name}_total`,
      help,
      ["peer"],
      ({ tunnels }) =>
        tunnels.flatMap(({ peer, rpc }): Sample[] =>
          rpc === undefined ? [] : [[{ peer: peers.of(peer) }, value(rpc)]]
        ),
    );
  measures.total(
    "rpc_frames_total",
    "Requests of llama-server",
    ["peer", "command"],
    ({ tunnels }) => tunnels.flatMap((tunnel) => framesOf(tunnel, peers)),
  );
  total("graphs", "Graphs that a worker computed: one a token", (rpc) => rpc.graphs);
  total("round_trips", "Requests that waited for the other end", (rpc) => rpc.roundTrips);
  total("answered_here", "Requests that this end answered", (rpc) => rpc.answeredHere);
  total("tensor_bytes", "Weights and activations that were sent", (rpc) => rpc.tensorBytesMoved);
  total("weights_refused", "Weights that the worker turned out to lack", (rpc) => rpc.refused);
  total("stalls", "Writes that waited for more than 0.1 s", (rpc) => rpc.stalls);
  total("stalled_seconds", "Total time of those stalls", (rpc) => rpc.stalledMs / 1_000);
}

function framesOf({ peer, rpc }: Tunnel, peers: BoundedLabels): Sample[] {
  return Object.entries(rpc?.frames ?? {}).map(([command, count]) => [
    { peer: peers.of(peer), command },
    count,
  ]);
}
