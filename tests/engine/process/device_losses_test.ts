import assert from "node:assert/strict";
import type { EngineDevice, ExitCause, ServerSpec } from "../../../src/engine/mod.ts";
import { LOST_AGAIN_MS } from "../../../src/engine/base/defaults.ts";
import { DeviceLosses } from "../../../src/engine/process/device_losses.ts";

const [ONE, OTHER] = ["CUDA0", "CUDA1"].map((name): EngineDevice => ({
  name,
  description: `RTX ${name}`,
  kind: "discrete",
  totalBytes: 16,
  freeBytes: 16,
})) as [EngineDevice, EngineDevice];

const SERVER: ServerSpec = {
  kind: "llama-server",
  modelPath: "/m.gguf",
  modelName: "m",
  contextLength: null,
  split: [],
};
const WORKER: ServerSpec = { kind: "rpc-server", modelPath: null };

function cause(device?: string | null): ExitCause {
  const lost = device === undefined ? {} : { lost: { device } };
  return { text: `the GPU ${device} was lost`, part: "model", ...lost };
}

function left(losses: DeviceLosses): string[] {
  return losses.devices.map(({ name }) => name);
}

Deno.test("a device that is lost twice is given up, and says why", () => {
  const losses = new DeviceLosses([ONE, OTHER]);
  losses.add(SERVER, cause("CUDA0"), 0);
  assert.deepEqual(left(losses), ["CUDA0", "CUDA1"]);
  losses.add(WORKER, cause("CUDA1"), 1);
  assert.deepEqual(left(losses), ["CUDA0", "CUDA1"], "each has a second chance");
  losses.add(SERVER, cause("CUDA0"), LOST_AGAIN_MS);
  assert.deepEqual(left(losses), ["CUDA1"]);
  const reason = "for the second time, the GPU CUDA0 was lost";
  assert.deepEqual(losses.givenUp, [{ name: "CUDA0", description: "RTX CUDA0", reason }]);
});

Deno.test("a device that is lost once in a while is kept", () => {
  const losses = new DeviceLosses([ONE]);
  for (let time = 0; time < 5; time++) {
    losses.add(SERVER, cause("CUDA0"), time * (LOST_AGAIN_MS + 1));
  }
  assert.deepEqual(left(losses), ["CUDA0"]);
});

Deno.test("if a server does not say which, all that it used are meant", () => {
  const losses = new DeviceLosses([ONE, OTHER]);
  for (const device of [null, "RPC0"]) losses.add(SERVER, cause(device), 0);
  assert.deepEqual(left(losses), []);
});

Deno.test("no device is blamed for another end, or by a server that used none", () => {
  const losses = new DeviceLosses([ONE]);
  const main = { ...SERVER, place: { kind: "main" } } as const;
  for (
    const [spec, why] of [[SERVER, cause()], [main, cause(null)], [
      { ...WORKER, lends: "main" },
      cause(null),
    ]] as const
  ) {
    losses.add(spec, why, 0);
    losses.add(spec, why, 1);
  }
  assert.deepEqual(left(losses), ["CUDA0"]);
});
