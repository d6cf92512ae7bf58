/** The work of the threads of a process, as Linux counts it. */

export interface ThreadWork {
  readonly cpuMs: number;
  /** How often it fell asleep, which an event loop does once a turn that has nothing to do. */
  readonly sleeps: number;
}

/** Work by the kind of thread: `main`, and the rest by their names without numbers. */
export type Work = ReadonlyMap<string, ThreadWork>;

export async function workOf(pid: number): Promise<Work> {
  const work = new Map<string, ThreadWork>();
  const folder = `/proc/${pid}/task`;
  for await (const { name: thread } of Deno.readDir(folder)) {
    try {
      const [nanoseconds] = (await Deno.readTextFile(`${folder}/${thread}/schedstat`)).split(" ");
      const status = await Deno.readTextFile(`${folder}/${thread}/status`);
      const sleeps = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
      const comm = (await Deno.readTextFile(`${folder}/${thread}/comm`)).trim();
      const kind = thread === `${pid}` ? "main" : comm.replace(/[-\d]+$/, "");
      const before = work.get(kind) ?? { cpuMs: 0, sleeps: 0 };
      work.set(kind, {
        cpuMs: before.cpuMs + Number(nanoseconds) / 1e6,
        sleeps: before.sleeps + sleeps,
      });
    } catch {
      // A thread that has just ended.
    }
  }
  return work;
}

export function workSince(before: Work, after: Work, tokens: number): Work {
  return new Map(
    [...after].map(([kind, { cpuMs, sleeps }]) => {
      const was = before.get(kind) ?? { cpuMs: 0, sleeps: 0 };
      return [kind, {
        cpuMs: (cpuMs - was.cpuMs) / tokens,
        sleeps: (sleeps - was.sleeps) / tokens,
      }];
    }),
  );
}

export function cpuMs(work: Work): number {
  return [...work.values()].reduce((sum, one) => sum + one.cpuMs, 0);
}
