import { type PairingActions, PairingRefusedError } from "../../api/mod.ts";

// deno-lint-ignore require-await -- what it throws comes as a rejection
async function refused(): Promise<never> {
  throw new PairingRefusedError("off", "This node leaves the local network alone");
}

/** Of a node that nobody on the local network is to find. */
export const NO_PAIRING: PairingActions = {
  view: () => ({ state: "off", mayAccept: false, requests: [], own: null }),
  accept: refused,
  refuse: refused,
  ask: refused,
  cancel: () => Promise.resolve(),
};
