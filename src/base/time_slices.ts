/** `struct sched_attr` as far as Linux 5.3 has it; the places of what is read or written here. */
const ATTR_BYTES = 56;
const POLICY_AT = 4;
const FLAGS_AT = 8;
const NICE_AT = 16;
const RUNTIME_AT = 24;

const SCHED_OTHER = 0;
/** Processes that the thread starts, llama.cpp above all, get the system's own slices again. */
const SCHED_FLAG_RESET_ON_FORK = 1n;

/** System calls by their numbers: no C library before glibc 2.41 has functions for them. */
const CALLS: Readonly<Record<string, { readonly set: bigint; readonly get: bigint }>> = {
  x86_64: { set: 314n, get: 315n },
  aarch64: { set: 274n, get: 275n },
};

/**
 * Asks for short turns on a processor for all threads that this process has, by which they wait less for one: llama.cpp
 * computes on as many threads as there are cores, and a thread that was woken for a token may wait 3 ms until one of them has
 * had its turn. Nobody loses by it, for the share of the processors is the same. Linux since 6.12 knows it (`man 2
 * sched_setattr`: a runtime for SCHED_OTHER); elsewhere nothing happens.
 * @param sliceNs from 0.1 to 100 ms
 * @returns how many threads were taken
 */
export function shortenTimeSlices(sliceNs: number): number {
  const calls = CALLS[Deno.build.arch];
  if (Deno.build.os !== "linux" || calls === undefined) return 0;
  try {
    using libc = openLibc();
    const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => BigInt(name));
    return threads.filter((thread) => shorten(libc.call, calls, thread, BigInt(sliceNs))).length;
  } catch {
    return 0; // another C library, or no /proc
  }
}

type Call = ReturnType<typeof openLibc>["call"];

function shorten(
  call: Call,
  calls: { readonly set: bigint; readonly get: bigint },
  thread: bigint,
  sliceNs: bigint,
): boolean {
  const attr = new Uint8Array(ATTR_BYTES);
  const view = new DataView(attr.buffer);
  if (call(calls.get, thread, attr, BigInt(ATTR_BYTES), 0n) !== 0n) return false;
  // A user who gave it a rank of its own has said how it is to wait, and its children would lose that rank.
  if (view.getUint32(POLICY_AT, true) !== SCHED_OTHER) return false;
  if (view.getInt32(NICE_AT, true) < 0) return false;
  view.setBigUint64(FLAGS_AT, SCHED_FLAG_RESET_ON_FORK, true);
  view.setBigUint64(RUNTIME_AT, sliceNs, true);
  return call(calls.set, thread, attr, 0n, 0n) === 0n;
}

function openLibc() {
  const library = Deno.dlopen("libc.so.6", {
    syscall: { parameters: ["i64", "i64", "buffer", "i64", "i64"], result: "i64" },
  });
  return { call: library.symbols.syscall, [Symbol.dispose]: () => library.close() };
}
