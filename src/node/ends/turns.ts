/** Whose turn it is. */
export interface Turn {
  /** A key or an address here, or a peer: each has its turn. */
  readonly group: string;
  /** A caller of that peer's, as the peer says: they share its turn, so that telling many apart gains it nothing. */
  readonly member: string;
}

/** Things that wait: in order within a caller, in turns between callers. A caller that has nothing here is forgotten. */
export class Turns<T> {
  /** Both maps in the order of the next turns. */
  readonly #groups = new Map<string, Map<string, Set<T>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ group, member }: Turn, item: T): void {
    const members = this.#groups.get(group) ?? new Map<string, Set<T>>();
    const line = members.get(member) ?? new Set<T>();
    line.add(item);
    members.set(member, line);
    this.#groups.set(group, members);
    this.#size++;
  }

  /** Safe for what waits no more. */
  remove({ group, member }: Turn, item: T): void {
    const members = this.#groups.get(group);
    const line = members?.get(member);
    if (members === undefined || !line?.delete(item)) return;
    this.#size--;
    if (line.size === 0) members.delete(member);
    if (members.size === 0) this.#groups.delete(group);
  }

  next(): T | undefined {
    for (const [group, members] of this.#groups) {
      for (const [member, line] of members) {
        for (const item of line) {
          this.remove({ group, member }, item);
          moveToEnd(members, member);
          moveToEnd(this.#groups, group);
          return item;
        }
      }
    }
    return undefined;
  }

  /** Takes out what came last of those who have most here, where they have more than this one would then have. */
  displaceFor({ group }: Turn): T | undefined {
    const counts = [...this.#groups].map(([name, members]) => ({
      name,
      members,
      count: sum(members),
    }));
    const [most] = counts.sort((a, b) => b.count - a.count);
    const own = counts.find(({ name }) => name === group)?.count ?? 0;
    if (most === undefined || most.count <= own + 1) return undefined;
    const [longest] = [...most.members].sort(([, a], [, b]) => b.size - a.size);
    const last = [...longest![1]].at(-1)!;
    this.remove({ group: most.name, member: longest![0] }, last);
    return last;
  }
}

function sum<T>(members: ReadonlyMap<string, ReadonlySet<T>>): number {
  return members.values().reduce((count, line) => count + line.size, 0);
}

function moveToEnd<K, V>(map: Map<K, V>, key: K): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
