import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { reuse } from "../lib/reuse.ts";
import { wordsOf } from "../lib/api_error.ts";

export interface Fetched<T> {
  /** The last that came. */
  readonly value: T | null;
  /** Why the last attempt failed, in words. */
  readonly problem: string | null;
  /** Fetches again. */
  readonly refresh: () => void;
}

/** The node's answer; it is asked again when `key` changes, never twice at once. */
export function useFetched<T>(
  fetchIt: (signal: AbortSignal) => Promise<T>,
  key: unknown,
): Fetched<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const asking = useRef<AbortController | null>(null);
  const refresh = useCallback(() => {
    asking.current?.abort();
    const abort = asking.current = new AbortController();
    fetchIt(abort.signal).then((next) => {
      if (abort.signal.aborted) return;
      setValue((before) => reuse(before, next));
      setProblem(null);
    }, (error: unknown) => {
      if (!abort.signal.aborted) setProblem(wordsOf(error));
    });
  }, [fetchIt]);
  useEffect(() => {
    refresh();
    return () => asking.current?.abort();
  }, [refresh, key]);
  return { value, problem, refresh };
}
