import { useRef, useState } from "preact/hooks";
import type { OwnPairing } from "../../../src/api/base/types.ts";
import { isUnderWay } from "../lib/own_pairing.ts";

/**
 * This machine's own question as long as it is news: the node keeps the last one, which nobody wants to read again who
 * has closed it, or has opened the page since its good end.
 */
export function useOwnPairing(
  own: OwnPairing | null,
): { own: OwnPairing | null; close: () => void } {
  const [closed, setClosed] = useState<OwnPairing | null>(null);
  const wasAsking = useRef(false);
  if (isUnderWay(own)) wasAsking.current = true;
  const isOld = own === closed || (own?.state === "joined" && !wasAsking.current);
  return { own: isOld ? null : own, close: () => setClosed(own) };
}
