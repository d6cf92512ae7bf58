/** The next event of a stream, a connection or a node. */
export function nextEvent<T extends Event>(
  target: {
    // deno-lint-ignore no-explicit-any -- each target has its own map of events
    addEventListener(type: any, listener: (event: any) => void, options: { once: true }): void;
  },
  type: string,
): Promise<T> {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}
