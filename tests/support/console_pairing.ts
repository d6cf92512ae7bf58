/** The state of pairing for tests of the console. */

import type { OwnPairing, PairingRequest, PairingView } from "../../src/api/base/types.ts";

export function joinRequest(of: Partial<PairingRequest> = {}): PairingRequest {
  const nowMs = Date.now();
  return {
    id: "r1",
    name: "mini",
    address: "192.168.1.5",
    sinceMs: nowMs,
    endsMs: nowMs + 120_000,
    triesLeft: 3,
    ...of,
  };
}

export function ownPairing(of: Partial<OwnPairing> = {}): OwnPairing {
  return {
    mesh: "studio",
    shortId: "0a1b2c3d",
    state: "asking",
    code: null,
    problem: null,
    ...of,
  };
}

/** Nobody asks. */
export function pairing(of: Partial<PairingView> = {}): PairingView {
  return { state: "on", mayAccept: true, requests: [], own: null, ...of };
}
