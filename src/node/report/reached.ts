import type { Reached } from "../../api/mod.ts";
import type { Hindrance, PeerWay } from "../../mesh/mod.ts";

/** The way to a peer, in words where it is not the best. Pure. */
export function reachedStatus(way: PeerWay): Reached {
  if (way.kind !== "relayed") return { kind: way.kind };
  return { kind: "relayed", by: way.by, advice: adviceFor(way.hindrance) };
}

function adviceFor({ kind, port }: Hindrance): string {
  const nearer = "a relay that is near both machines";
  const forward = port === null ? "" : `, or forward UDP port ${port} to this machine`;
  switch (kind) {
    case "new ports":
      return "No direct way was found so far: this network's router gives each peer a new port. " +
        `Switch UPnP or NAT-PMP on there${forward}; ${nearer} would help as well`;
    case "mapped":
      return "No direct way was found so far, although this network's router leads a port to this machine. " +
        `See that firewalls let UDP pass on both sides; ${nearer} would help as well`;
    case "unknown":
      return "No direct way was found so far. Switch UPnP or NAT-PMP on at the router of one of the two networks" +
        `${forward}; ${nearer} would help as well`;
  }
}
