import assert from "node:assert/strict";
import { systemFailure, systemWords } from "../../src/base/system_error.ts";

/** The system's real message, here and now. */
function refusal(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    return error;
  }
  assert.fail("The system did not refuse");
}

const refused: [attempt: () => unknown, message: RegExp][] = [
  [() => Deno.readTextFileSync("/dev/null/x"), /^Cannot read \/dev\/null\/x: not a directory$/],
  [() => Deno.readTextFileSync("/"), /^Cannot read \/: is a directory$/],
  [() => Deno.openSync("/nowhere/x"), /^Cannot open \/nowhere\/x: no such file or directory$/],
  [() => Deno.openSync("/" + "a".repeat(300)), /^Cannot open \/a{300}: file name too long$/],
  [
    () => Deno.listen({ hostname: "192.0.2.1", port: 0 }),
    /^The system refused: this machine does not have that address$/,
  ],
];

for (const [attempt, message] of refused) {
  Deno.test(`systemFailure() says ${message}`, () => {
    assert.match(systemFailure(refusal(attempt))?.message ?? "", message);
  });
}

Deno.test({
  name: "systemFailure() knows a full disk, with what helps",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const error = refusal(() => Deno.writeTextFileSync("/dev/full", "x"));
    assert.deepEqual(systemFailure(error), {
      code: "ENOSPC",
      message: "Cannot write /dev/full: the disk is full",
      remedy: "Free some space on that disk, or name another one with --data-dir or --models-dir",
    });
    assert.equal(systemWords(error), "the disk is full");
  },
});

Deno.test("systemFailure() leaves alone what is no refusal of the system", () => {
  for (
    const error of [new TypeError("x is undefined"), "ENOSPC", null, new Deno.errors.Http("x")]
  ) {
    assert.equal(systemFailure(error), null);
  }
});
