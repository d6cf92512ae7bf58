import type { Freeze } from "../../engine/mod.ts";

/** A sentence for each kind of server that was found frozen: how often, and the last time. Pure. */
export function freezeNotes(freezes: readonly Freeze[]): string[] {
  const byServer = Map.groupBy(
    freezes,
    ({ server, model }) => model === null ? server : `${server} for ${model}`,
  );
  return [...byServer].map(([server, all]) => {
    const { time, reason } = all.at(-1)!;
    const often = all.length === 1 ? "" : `${all.length} times, the last one `;
    return `${server} was frozen ${often}at ${
      time.slice(0, 19)
    }Z: ${reason}. It was ended, and another takes its place`;
  });
}
