import assert from "node:assert/strict";

const MODULE = new URL("../../src/base/time_slices.ts", import.meta.url);

/** In a process of its own, which is asked for its slices and those of what it starts. */
const PROGRAM = `
  import { shortenTimeSlices } from "${MODULE}";
  const sliceIn = (text) => Number(/^se\\.slice\\s+:\\s+(\\d+)$/m.exec(text)?.[1]);
  const own = () => sliceIn(Deno.readTextFileSync("/proc/self/sched"));
  const before = own();
  const threads = shortenTimeSlices(400_000);
  const { stdout } = await new Deno.Command("cat", { args: ["/proc/self/sched"] }).output();
  const child = sliceIn(new TextDecoder().decode(stdout));
  console.log(JSON.stringify({ before, threads, after: own(), child }));
`;

interface Slices {
  readonly before: number;
  readonly threads: number;
  readonly after: number;
  readonly child: number;
}

async function slices(command: string, ...args: readonly string[]): Promise<Slices> {
  const { stdout } = await new Deno.Command(command, {
    args: [...args, Deno.execPath(), "eval", "--ext=ts", PROGRAM],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The kernel has such slices, and tells of them: one built without its scheduler's figures does not. */
function isKnown(): boolean {
  const [major = 0, minor = 0] = Deno.osRelease().split(".").map((part) => parseInt(part));
  if (Deno.build.os !== "linux" || major < 6 || (major === 6 && minor < 12)) return false;
  try {
    return Deno.readTextFileSync("/proc/self/sched").includes("se.slice");
  } catch {
    return false;
  }
}

Deno.test({
  name: "a process gets shorter slices, and what it starts the system's own",
  ignore: !isKnown(),
  async fn() {
    const { before, threads, after, child } = await slices("env");
    assert.ok(threads > 0);
    assert.equal(after, 400_000);
    assert.notEqual(before, after);
    assert.equal(child, before);
  },
});

Deno.test({
  name: "a rank that a user has given stays as it is",
  ignore: !isKnown(),
  async fn() {
    const { before, threads, after } = await slices("chrt", "--batch", "0");
    assert.equal(threads, 0);
    assert.equal(after, before);
    const slow = await slices("nice", "-n", "5");
    assert.equal(slow.after, 400_000);
  },
});
