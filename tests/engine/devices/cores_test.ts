import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import {
  type LogicalCpu,
  parseCpuList,
  parseCpuMax,
  threadsFor,
} from "../../../src/engine/devices/cores.ts";
import { linuxFacts, machineThreads } from "../../../src/engine/devices/read_cores.ts";
import { tempDir } from "../temp_dir.ts";

interface Row {
  readonly what: string;
  readonly cpus: readonly LogicalCpu[];
  readonly allowed?: readonly number[];
  readonly quota?: number;
  readonly expected: { readonly count: number; readonly isFewer: boolean };
}

/** `count` CPUs from the number `first` on, `ways` of them in each core. */
function cpus(count: number, { first = 0, ways = 1, ...kind }: {
  first?: number;
  ways?: number;
  isPerformance?: boolean;
  capacity?: number;
} = {}): LogicalCpu[] {
  return Array.from({ length: count }, (_, index) => ({
    id: first + index,
    core: `core ${first + index - index % ways}`,
    isPerformance: null,
    capacity: null,
    ...kind,
  }));
}

const HYBRID = [
  ...cpus(16, { ways: 2, isPerformance: true }),
  ...cpus(16, { first: 16, isPerformance: false }),
];
const ROCKCHIP = [...cpus(4, { capacity: 397 }), ...cpus(4, { first: 4, capacity: 1024 })];
const GRACE = [...cpus(10, { capacity: 718 }), ...cpus(10, { first: 10, capacity: 1024 })];

const ROWS: readonly Row[] = [
  { what: "two plain cores", cpus: cpus(2), expected: { count: 2, isFewer: false } },
  {
    what: "eight cores with two threads each",
    cpus: cpus(16, { ways: 2 }),
    expected: { count: 8, isFewer: false },
  },
  {
    what: "an Intel with 8 fast and 16 slow cores",
    cpus: HYBRID,
    expected: { count: 8, isFewer: false },
  },
  {
    what: "the same, on the slow ones only",
    cpus: HYBRID,
    allowed: [16, 17, 18, 19],
    expected: { count: 4, isFewer: true },
  },
  {
    what: "both halves of two of its cores",
    cpus: HYBRID,
    allowed: [0, 1, 2, 3],
    expected: { count: 2, isFewer: true },
  },
  { what: "an ARM with four slow cores", cpus: ROCKCHIP, expected: { count: 4, isFewer: true } },
  {
    what: "an ARM whose slow cores are nearly as fast",
    cpus: GRACE,
    expected: { count: 20, isFewer: false },
  },
  {
    what: "a container with 4 of 64 cores",
    cpus: cpus(64),
    quota: 4,
    expected: { count: 4, isFewer: true },
  },
  {
    what: "a container with two and a half",
    cpus: cpus(64),
    quota: 2.5,
    expected: { count: 2, isFewer: true },
  },
  {
    what: "a container with a tenth of one",
    cpus: cpus(2),
    quota: 0.1,
    expected: { count: 1, isFewer: true },
  },
  {
    what: "a quota above what is there",
    cpus: cpus(4),
    quota: 8,
    expected: { count: 4, isFewer: false },
  },
  {
    what: "an affinity to CPUs that are not there",
    cpus: cpus(2),
    allowed: [7],
    expected: { count: 1, isFewer: true },
  },
];

for (const { what, cpus, allowed, quota = Infinity, expected } of ROWS) {
  Deno.test(`threadsFor() ${what}: ${expected.count}`, () => {
    const facts = { cpus, allowed: allowed === undefined ? null : new Set(allowed), quota };
    assert.deepEqual(threadsFor(facts), expected);
  });
}

Deno.test("threadsFor() takes at least one thread, and never more than there are CPUs to run on", () => {
  const cpu = fc.record({
    core: fc.constantFrom("a", "b", "c", "d"),
    isPerformance: fc.constantFrom(null, true, false),
    capacity: fc.option(fc.integer({ min: 1, max: 1024 })),
  });
  const machine = fc.array(cpu, { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(
      machine,
      fc.array(fc.nat(15)),
      fc.double({ min: 0.01, max: 99, noNaN: true }),
      (parts, ids, quota) => {
        const cpus = parts.map((part, id) => ({ id, ...part }));
        const allowed = new Set(ids);
        const { count } = threadsFor({ cpus, allowed, quota });
        const able = cpus.filter(({ id }) => allowed.has(id)).length;
        assert.ok(count >= 1 && count <= Math.max(1, able) && count <= Math.max(1, quota));
      },
    ),
  );
});

Deno.test("parseCpuList() and parseCpuMax() read what Linux writes", () => {
  assert.deepEqual([...parseCpuList("0-3,8,10-11\n")], [0, 1, 2, 3, 8, 10, 11]);
  assert.deepEqual([...parseCpuList("")], []);
  for (const text of ["max 100000", "-1 100000", "", "null null", "0 100000"]) {
    assert.equal(parseCpuMax(text), Infinity, text);
  }
  assert.equal(parseCpuMax("150000 100000\n"), 1.5);
});

Deno.test("linuxFacts() takes the tightest of its control groups, of both versions", async () => {
  const v2 = {
    "/proc/self/cgroup": "0::/user/node",
    "/sys/fs/cgroup/user/node/cpu.max": "max 100000",
  };
  assert.equal(await quotaOf({ ...v2, "/sys/fs/cgroup/user/cpu.max": "300000 100000" }), 3);
  // Inside a container its own group is the top of what can be seen.
  assert.equal(await quotaOf({ ...v2, "/sys/fs/cgroup/cpu.max": "50000 100000" }), 0.5);
  assert.equal(await quotaOf(v2), Infinity);
  const v1 = "/sys/fs/cgroup/cpu/jobs/cpu.cfs";
  const files = { "/proc/self/cgroup": "3:cpuset:/other\n1:cpu,cpuacct:/jobs\n0::/" };
  assert.equal(
    await quotaOf({ ...files, [`${v1}_quota_us`]: "200000", [`${v1}_period_us`]: "100000" }),
    2,
  );
  assert.equal(
    await quotaOf({ ...files, [`${v1}_quota_us`]: "-1", [`${v1}_period_us`]: "100000" }),
    Infinity,
  );
});

Deno.test("machineThreads() heeds the user's own number, and no nonsense", async () => {
  assert.deepEqual(await machineThreads("/", "3"), { count: 3, isFewer: false });
  assert.deepEqual(await machineThreads("/", "no"), await machineThreads("/", undefined));
});

Deno.test({
  name: "machineThreads() counts only the CPUs that this process may run on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const program = new URL("../print_threads.ts", import.meta.url).pathname;
    const { allowed } = await linuxFacts("/");
    const [first] = allowed ?? [];
    const { stdout, success } = await new Deno.Command("taskset", {
      args: ["-c", String(first), Deno.execPath(), "run", "-A", program],
    }).output();
    assert.ok(success);
    assert.equal(JSON.parse(new TextDecoder().decode(stdout)).count, 1);
  },
});

/** CPUs that a system with these files allows. */
async function quotaOf(files: Readonly<Record<string, string>>): Promise<number> {
  await using root = await tempDir();
  for (const [name, text] of Object.entries(files)) {
    const path = join(root.path, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  return (await linuxFacts(root.path)).quota;
}
