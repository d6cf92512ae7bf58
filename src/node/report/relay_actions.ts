import { InviteRefusedError, type RelayActions } from "../../api/mod.ts";
import {
  type Mesh,
  NotAllowedError,
  type PeerId,
  type RelayView,
  UnknownMachineError,
} from "../../mesh/mod.ts";

/** The relays of the mesh, as its users see them. */
export function relayActions(
  mesh: Pick<Mesh, "addRelay" | "removeRelay" | "relays">,
): RelayActions {
  return {
    list: () => mesh.relays().map(shownRelay),
    add: async (claim, name) => shownRelay(await mesh.addRelay(claim, name)),
    remove: async (id) => {
      await mesh.removeRelay(id as PeerId).catch((error) => {
        if (error instanceof UnknownMachineError) {
          throw new InviteRefusedError("unknown", error.message);
        }
        if (!(error instanceof NotAllowedError)) throw error;
        throw new InviteRefusedError("not-allowed", error.message);
      });
    },
  };
}

export function shownRelay({ peer, name, addresses, connected }: RelayView) {
  return { id: peer, name, addresses: [...addresses], connected };
}
