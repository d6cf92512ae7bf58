import { useRef } from "preact/hooks";
import { reuse } from "../lib/reuse.ts";

/** The value, with every part that did not change being the same object as before. */
export function useShared<T>(value: T): T {
  const last = useRef<T>(value);
  last.current = reuse(last.current, value);
  return last.current;
}
