import assert from "node:assert/strict";
import { kindOf, type TestKind } from "../../scripts/test_files.ts";

const NOTHING = { simulates: false, browses: false, fakesGpus: false } as const;
const UNIT = { ...NOTHING, unit: true } as const;
const ON_PROCESSES = { ...NOTHING, unit: false, company: "alone" } as const;

const KINDS: Readonly<Record<string, readonly [imports: readonly string[], kind: TestKind]>> = {
  "decisions alone": [
    ["node:assert/strict", "/p/src/node/plan/plan.ts", "/p/src/mesh/base/keys.ts"],
    { ...UNIT, company: "shared" },
  ],
  "the mesh, which loads the addon": [
    ["/p/src/mesh/mod.ts"],
    { ...UNIT, company: "beside" },
  ],
  "a stream of the addon's": [["/p/src/mesh/quic/stream.ts"], { ...UNIT, company: "beside" }],
  "libp2p itself": [["libp2p"], { ...UNIT, company: "beside" }],
  "the addon among network namespaces": [
    ["/p/src/mesh/quic/addon.ts", "/p/tests/support/namespaces.ts"],
    { ...UNIT, company: "alone" },
  ],
  "the addon, and a package of the system's": [
    ["/p/src/mesh/mod.ts", "/p/tests/support/debian.ts"],
    { ...UNIT, company: "alone" },
  ],
  "seeds of the simulator": [["/p/tests/simulator/jobs.ts"], {
    ...UNIT,
    company: "alone",
    simulates: true,
  }],
  "one seed of the simulator": [["/p/tests/simulator/run.ts"], { ...UNIT, company: "shared" }],
  "nodes in processes": [["/p/tests/support/node_process.ts"], ON_PROCESSES],
  "llama.cpp": [["/p/tests/support/engine.ts"], ON_PROCESSES],
  "a browser": [
    ["/p/tests/support/chromium.ts", "/p/tests/support/debian.ts"],
    { ...ON_PROCESSES, company: "beside", browses: true },
  ],
  "nodes in a browser": [
    ["/p/tests/support/chromium.ts", "/p/tests/support/node_process.ts"],
    { ...ON_PROCESSES, browses: true },
  ],
  "a browser among network namespaces": [
    ["/p/tests/support/chromium.ts", "/p/tests/support/namespaces.ts"],
    { ...ON_PROCESSES, browses: true },
  ],
  "llama.cpp over the addon": [
    ["/p/src/mesh/mod.ts", "/p/tests/support/engine.ts"],
    ON_PROCESSES,
  ],
  "fake GPUs": [["/p/tests/support/gpu_engine.ts"], { ...ON_PROCESSES, fakesGpus: true }],
};

for (const [what, [imports, kind]] of Object.entries(KINDS)) {
  Deno.test(`kindOf() a test of ${what}: ${kind.company}`, () => {
    assert.deepEqual(kindOf(imports), kind);
  });
}
