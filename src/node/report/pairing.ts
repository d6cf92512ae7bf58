import { type PairingActions, PairingRefusedError, type PairingView } from "../../api/mod.ts";
import { type Pairing, PairingError } from "../../mesh/mod.ts";

/** Pairing as the HTTP API sees it. */
export function pairingActions(pairing: Pairing): PairingActions {
  return {
    view: () => viewOf(pairing),
    accept: (answer) => asked(() => pairing.accept(answer)),
    refuse: (id) => asked(() => pairing.refuse(id)),
    ask: (request) => asked(() => pairing.ask(request)),
    cancel: () => asked(() => pairing.cancel()),
  };
}

function viewOf(pairing: Pairing): PairingView {
  const { isOff, mayAccept, visitor, own } = pairing.state();
  return {
    state: isOff ? "off" : "on",
    mayAccept,
    requests: visitor === null ? [] : [{ ...visitor }],
    own: own && { ...own },
  };
}

async function asked<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof PairingError)) throw error;
    const { why, message, triesLeft } = error;
    throw new PairingRefusedError(why, message, triesLeft);
  }
}
