import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { describeFailure } from "../../../src/cli/terminal/errors.ts";
import { systemReason } from "../../../src/base/system_error.ts";
import { UsageError } from "../../../src/cli/base/usage_error.ts";

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

Deno.test("describeFailure() sends whoever mistyped to the help", () => {
  assert.deepEqual(describeFailure(new UsageError("There is no command"), { debug: false }), {
    exitCode: 2,
    message: "There is no command",
    hint: "Run mesh-llm --help for the commands and options",
  });
});

const foreseen: [name: string, exitCode: number][] = [
  ["InvalidTokenError", 2],
  ["PortInUseError", 1],
  ["EngineNotFoundError", 1],
  ["DataDirInUseError", 1],
  ["DataDirUnusableError", 1],
  ["BoundToOtherMeshError", 1],
  ["ModelNotFoundError", 1],
  ["InvalidGgufError", 1],
];

for (const [name, exitCode] of foreseen) {
  Deno.test(`describeFailure() exits ${exitCode} for a ${name} and says no more than it`, () => {
    const failure = describeFailure(named(name, "What and why"), { debug: true });
    assert.deepEqual(failure, { exitCode, message: "What and why", hint: null });
  });
}

Deno.test("describeFailure() calls anything else a bug and keeps its stack for those who ask", () => {
  const error = new TypeError("x is undefined");
  const calm = describeFailure(error, { debug: false });
  assert.equal(calm.exitCode, 1);
  assert.equal(calm.message, "x is undefined");
  assert.match(calm.hint ?? "", /bug.*MESH_LLM_DEBUG=1/);
  assert.match(describeFailure(error, { debug: true }).message, /errors_test\.ts/);
});

// A link to a file that the system will not read was "a bug in mesh-llm".
Deno.test("describeFailure() blames nobody for what the system refuses", async () => {
  const failures = [
    await Deno.open("/no/such/file").catch((error) => error),
    await Array.fromAsync(Deno.readDir("/dev/null")).catch((error) => error),
    await open("/no/such/file").catch((error) => error),
  ];
  for (const error of failures) {
    assert.equal(describeFailure(error, { debug: false }).hint, null, String(error));
  }
  assert.deepEqual(failures.map(systemReason), [
    "no such file or directory",
    "not a directory",
    "no such file or directory",
  ]);
});

Deno.test("describeFailure() never takes what the system refuses for a bug", () => {
  const error = new Error("No space left on device (os error 28): open '/data/lock'");
  const failure = describeFailure(Object.assign(error, { code: "ENOSPC" }), { debug: false });
  assert.equal(failure.message, "Cannot open /data/lock: the disk is full");
  assert.match(failure.hint ?? "", /^Free some space/);
  const unknown = Object.assign(new Error("Odd (os error 9999): mkdir '/x'"), { code: "EODD" });
  const wrapped = describeFailure(new Error("x", { cause: unknown }), { debug: false });
  assert.deepEqual(wrapped, { exitCode: 1, message: "Cannot make the folder /x: odd", hint: null });
});

Deno.test("describeFailure() finds words for what is no Error", () => {
  assert.equal(describeFailure("gone", { debug: false }).message, "gone");
});
