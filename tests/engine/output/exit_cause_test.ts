import assert from "node:assert/strict";
import { CauseLines, kindOfCause, lacksMemory } from "../../../src/engine/output/exit_cause.ts";
import type { ExitCause } from "../../../src/engine/base/types.ts";
import { SERVER_TEXTS } from "./exit_cause_texts.ts";

function causeOf(text: string, exitCode: number | null = 1): ExitCause {
  const lines = new CauseLines();
  for (const line of text.split("\n")) lines.add(line);
  return lines.cause(exitCode);
}

for (const { what, tells, part, lost, text } of SERVER_TEXTS) {
  Deno.test(`CauseLines finds the line that tells: ${what}`, () => {
    const cause = causeOf(text);
    assert.equal(cause.text, tells);
    assert.equal(cause.part, part);
    assert.deepEqual(cause.lost, lost === undefined ? undefined : { device: lost });
  });
}

Deno.test("CauseLines says that a server is useless where only its logger says so, and of what it survives", () => {
  const isUseless = (line: string) => {
    const lines = new CauseLines();
    lines.add(line);
    return lines.isUseless;
  };
  assert.ok(isUseless("0.00.062.582 E ggml_vulkan: device lost on Vulkan0"));
  assert.ok(
    isUseless("1.00.2 E ggml_metal_synchronize: error: command buffer 0 failed with status 5"),
  );
  assert.ok(!isUseless("ggml_vulkan: device lost on Vulkan0"), "it may be a line of a prompt");
  assert.ok(!isUseless("0.00.1 D srv add: ggml_vulkan: device lost on Vulkan0"), "as this one");
  assert.ok(!isUseless("4.44.094.268 E ROCm error: unspecified launch failure"), "it ends itself");
});

Deno.test("CauseLines names a loss although the server was killed for it", () => {
  assert.match(
    causeOf("0.00.062.582 E ggml_vulkan: device lost on Vulkan0", 137).text,
    /^the GPU Vulkan0 was lost/,
  );
});

Deno.test("CauseLines keeps the reason although a whole usage text follows", () => {
  const usage = Array.from(
    { length: 2_000 },
    (_, index) => `-x${index}, --option-${index} N   fails on error (default: unknown)`,
  );
  const cause = causeOf(["error: invalid argument: --frob", "usage:", ...usage].join("\n"));
  assert.equal(cause.text, "error: invalid argument: --frob");
});

Deno.test("CauseLines says how a server ended that said nothing", () => {
  const words = (exitCode: number | null) =>
    causeOf("0.00.1 I srv load_model: loading", exitCode).text;
  assert.equal(words(3), "ended with code 3 and did not say why");
  assert.equal(words(139), "ended by SIGSEGV and did not say why");
  assert.equal(words(137), "was killed (SIGKILL), as the system does when memory runs out");
  assert.equal(words(128 + 30), "ended by signal 30 and did not say why");
  assert.equal(words(null), "could not be started");
});

Deno.test("CauseLines calls two ends the same whatever numbers they name", () => {
  const bound = (port: number) =>
    causeOf(
      `0.00.015.636 E srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: ${port}`,
    );
  assert.equal(kindOfCause(bound(35_897).text), kindOfCause(bound(40_001).text));
  const other = causeOf("error: invalid argument: --frob");
  assert.notEqual(kindOfCause(bound(35_897).text), kindOfCause(other.text));
});

Deno.test("CauseLines is bounded in lines and in their length", () => {
  const long = "E".repeat(10_000);
  const cause = causeOf(Array.from({ length: 1_000 }, () => `error: ${long}`).join("\n"));
  assert.ok(cause.text.length <= 300);
});

Deno.test("CauseLines blames nothing that was said before the server was ready, or for a kill from outside", () => {
  const lines = new CauseLines();
  lines.add("0.00.1 E srv load: failed to read the cache of prompts");
  lines.clear();
  assert.equal(lines.cause(139).text, "ended by SIGSEGV and did not say why");
  lines.add("0.09.1 E srv send_error: the request was refused");
  assert.match(lines.cause(137).text, /^was killed/);
});

Deno.test("lacksMemory() knows what llama.cpp says of it on each backend, and nothing else", () => {
  const lacking = SERVER_TEXTS.filter(({ tells }) => lacksMemory({ text: tells, part: "model" }));
  assert.deepEqual(lacking.map(({ what }) => what), [
    "a context too large for main memory",
    "a context beyond all measure",
    "a GPU's memory is too small for the weights",
    "a Mac's memory is too small",
    "a GPU behind Vulkan has too little memory",
  ]);
});
