import { useEffect, useMemo, useState } from "preact/hooks";
import type { RequestRecord } from "../../../src/api/base/types.ts";
import { hostRates } from "../lib/activity.ts";
import { RATE_WINDOW_MS } from "../lib/defaults.ts";
import { useShared } from "./use_shared.ts";

/** Rates of the machines as they are now; they fall back to nothing by themselves. */
export function useHostRates(requests: readonly RequestRecord[]): ReadonlyMap<string, number> {
  const [, redraw] = useState(0);
  const rates = useShared([...hostRates(requests, Date.now())]);
  useEffect(() => {
    if (rates.length === 0) return;
    const timer = setTimeout(() => redraw((count) => count + 1), RATE_WINDOW_MS / 2);
    return () => clearTimeout(timer);
  });
  return useMemo(() => new Map(rates), [rates]);
}
