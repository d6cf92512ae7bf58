import assert from "node:assert/strict";
import { parseBuild, parseDevices, parseFlags } from "../../../src/engine/devices/probe_output.ts";
import { EARLY_2026_HELP, LATE_2026_HELP, RPC_SERVER_HELP } from "../help_texts.ts";

const MIB = 1024 * 1024;

Deno.test("parseFlags() finds short and long flags of a build of late 2026", () => {
  const flags = parseFlags(LATE_2026_HELP);
  const expected = [
    "-h",
    "--usage",
    "--version",
    "-fit",
    "--fit",
    "-lm",
    "--load-mode",
    "--no-webui",
  ];
  for (const flag of expected) assert(flags.has(flag), flag);
});

Deno.test("parseFlags() leaves out flags that are named only to say that they are gone", () => {
  const flags = parseFlags(LATE_2026_HELP);
  assert(!flags.has("--draft-max"), "said on the same line");
  assert(!flags.has("--draft-min"), "said on the next line");
  assert(parseFlags(EARLY_2026_HELP).has("--draft-max"));
});

Deno.test("parseFlags() takes no value or explanation for a flag", () => {
  const flags = parseFlags(LATE_2026_HELP);
  for (const word of ["-", "--", "-1", "--spec-draft-n-max", "-auto"]) {
    assert(!flags.has(word), word);
  }
});

Deno.test("parseFlags() finds different flags in a build of early 2026", () => {
  const flags = parseFlags(EARLY_2026_HELP);
  assert(flags.has("--mmap") && flags.has("--no-mmap") && !flags.has("--load-mode"));
  assert(flags.has("--no-webui") && !flags.has("--no-ui"));
});

Deno.test("parseFlags() reads the indented help of an rpc-server", () => {
  assert.deepEqual(
    [...parseFlags(RPC_SERVER_HELP)],
    [
      "-h",
      "--help",
      "-t",
      "--threads",
      "-d",
      "--device",
      "-H",
      "--host",
      "-p",
      "--port",
      "-c",
      "--cache",
    ],
  );
});

for (
  const [text, build] of [
    [
      "version: 0.7.0 (build 11669, commit Debian)\nbuilt with GNU 16.2.0 for Linux x86_64",
      "11669",
    ],
    ["version: 7899 (abc1234)\nbuilt with GNU 13.3.0 for Linux x86_64", "7899"],
    ["load_backend: loaded CPU backend\nversion: 7899 (abc1234)", "7899"],
    ["version: 0.6.0-dev build 11541", "11541"],
    ["", undefined],
    ["version: unknown", undefined],
  ] as const
) {
  Deno.test(`parseBuild() of ${JSON.stringify(text)} is ${build}`, () => {
    assert.equal(parseBuild(text), build);
  });
}

Deno.test("parseDevices() reads names, descriptions with brackets, and memory in bytes", () => {
  const list = `load_backend: loaded CUDA backend (version 1 MiB, 2 MiB free)
Available devices:
  CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23500 MiB free)
  Vulkan1: AMD Radeon 780M: graphics (RADV PHOENIX) (12024 MiB, 11000 MiB free)
  BLAS: Accelerate (0 MiB, 0 MiB free)
`;
  assert.deepEqual(parseDevices(list), [
    {
      name: "CUDA0",
      description: "NVIDIA GeForce RTX 3090",
      totalBytes: 24124 * MIB,
      freeBytes: 23500 * MIB,
    },
    {
      name: "Vulkan1",
      description: "AMD Radeon 780M: graphics (RADV PHOENIX)",
      totalBytes: 12024 * MIB,
      freeBytes: 11000 * MIB,
    },
  ]);
});

Deno.test("parseDevices() finds none on a machine with a CPU only", () => {
  assert.deepEqual(parseDevices("Available devices:\n  (none)\n"), []);
});
