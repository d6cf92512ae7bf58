import assert from "node:assert/strict";
import { isCrash } from "../../../src/engine/process/crash.ts";
import { CauseLines } from "../../../src/engine/output/exit_cause.ts";
import type { LlamaServerSpec } from "../../../src/engine/base/types.ts";

const SOLO: LlamaServerSpec = {
  kind: "llama-server",
  modelPath: "/m.gguf",
  modelName: "m",
  contextLength: null,
  split: [],
};
const SPLIT = { ...SOLO, split: [{ rpcPort: 1, share: 1 }] };

/** The end of a server that wrote these lines, after which its guard's shell names the signal. */
function end(exitCode: number, ...lines: string[]) {
  const told = new CauseLines();
  for (const line of lines) told.add(line);
  return { exitCode, cause: told.cause(exitCode) };
}

const LOST = "ggml-rpc.cpp:671: Remote RPC server crashed or returned malformed response";
const ASSERT = "llama-grammar.cpp:12: GGML_ASSERT(depth < 100) failed";

Deno.test("a server that serves alone has crashed by what it was asked, whatever it says", () => {
  assert.equal(isCrash(SOLO, end(134, "Aborted")), true);
  assert.equal(isCrash(SOLO, end(139, ASSERT, "Segmentation fault (core dumped)")), true);
  assert.equal(isCrash(SOLO, end(137, "Killed")), false, "somebody sent it");
  assert.equal(isCrash(SOLO, end(1)), false);
});

Deno.test("a split that loses a worker is no crash by a request, also where it could not say so", () => {
  assert.equal(isCrash(SPLIT, end(134, LOST, "Aborted")), false);
  assert.equal(isCrash(SPLIT, end(134, "Aborted (core dumped)")), false);
  assert.equal(isCrash(SPLIT, end(134, ASSERT, "Aborted")), true);
  assert.equal(isCrash(SPLIT, end(139, "Segmentation fault")), true);
});

Deno.test("a GPU that was lost is no crash by a request", () => {
  const lost = [
    "CUDA error: unspecified launch failure",
    "  current device: 0, in function ggml_backend_cuda_synchronize at ggml-cuda.cu:2543",
  ];
  assert.equal(isCrash(SOLO, end(134, ...lost, "Aborted")), false);
  assert.equal(isCrash(SPLIT, end(134, ...lost, "Aborted")), false);
});

Deno.test("the shell's word for a signal hides no reason", () => {
  assert.match(end(134, LOST, "Aborted").cause.text, /Remote RPC server crashed/);
  assert.equal(end(134, "Aborted").cause.text, "ended by SIGABRT and did not say why");
});
