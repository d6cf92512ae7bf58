import { createHash } from "node:crypto";
import { EXPECTED_STANDBYS } from "../plan/defaults.ts";
import type { Need } from "./needs.ts";

/**
 * How long a standby waits before it answers a need, so that of a thousand that see it a few come and the others
 * see that they came. Each has a place of its own between 0 and 1 (a rendezvous hash, another one for each model),
 * and few have an early one: the places become times as RandomBackoff of RFC 5401 does it, which keeps the number of
 * answers small for any number of nodes up to the one expected. Pure.
 */
export function callDelayMs(
  peer: string,
  { model, way }: Need,
  { spreadMs, random }: { readonly spreadMs: number; readonly random: number },
): number {
  const place = placeOf(peer, model ?? "");
  const early = Math.log(EXPECTED_STANDBYS) + 1;
  const delay = Math.log1p(place * Math.expm1(early)) / early;
  // A node that would have to download the model leaves the first turn to those that have it.
  const turn = way === "download" ? 1 : 0;
  return spreadMs * (turn + delay + random * JITTER);
}

/** Of the spread: two that have the same hash by chance still differ. */
const JITTER = 0.1;

function placeOf(peer: string, model: string): number {
  const hash = createHash("sha256").update(`${model}\n${peer}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}
