import type { RoutingTable } from "../base/table.ts";

export interface TableChanges {
  /** As it is now. */
  readonly table: () => RoutingTable;
  /** Calls back when the table may be another, until the result is called. */
  readonly subscribe: (listener: () => void) => () => void;
}

/**
 * The table once it is another than the one that is known, or the same one after a while or when nobody wants it any more.
 * @param ended resolves then
 */
export async function nextTable(
  known: RoutingTable,
  { table, subscribe }: TableChanges,
  { waitMs, ended }: { readonly waitMs: number; readonly ended: Promise<unknown> },
): Promise<RoutingTable> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = () => {
    if (table().version !== known.version) resolve();
  };
  const unsubscribe = subscribe(check);
  const timer = setTimeout(resolve, waitMs);
  ended.then(() => resolve(), () => resolve());
  check();
  try {
    await promise;
    return table();
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
