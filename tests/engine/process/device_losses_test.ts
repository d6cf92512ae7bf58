import assert from "node:assert/strict";
import type { EngineDevice, ExitCause, ServerSpec } from "../../../src/engine/mod.ts";
import { TRUSTED_AFTER_MS } from "../../../src/engine/base/defaults.ts";
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

function lose(losses: DeviceLosses, device: string | null, readyMs = 0, spec = SERVER): void {
  losses.add({ spec, cause: cause(device), readyMs });
}

Deno.test("a device that is lost twice is given up, and says why", () => {
  const losses = new DeviceLosses([ONE, OTHER]);
  lose(losses, "CUDA0", TRUSTED_AFTER_MS);
  assert.deepEqual(left(losses), ["CUDA0", "CUDA1"]);
  lose(losses, "CUDA1", 0, WORKER);
  assert.deepEqual(left(losses), ["CUDA0", "CUDA1"], "each has a second chance");
  lose(losses, "CUDA0", TRUSTED_AFTER_MS - 1);
  assert.deepEqual(left(losses), ["CUDA1"]);
  const reason = "once again, the GPU CUDA0 was lost";
  assert.deepEqual(losses.givenUp, [{ name: "CUDA0", description: "RTX CUDA0", reason }]);
});

Deno.test("a device that works for a while between its losses is kept", () => {
  const losses = new DeviceLosses([ONE]);
  for (let time = 0; time < 5; time++) lose(losses, "CUDA0", TRUSTED_AFTER_MS);
  assert.deepEqual(left(losses), ["CUDA0"]);
  lose(losses, "CUDA0");
  assert.deepEqual(left(losses), [], "it did not come back this time");
});

Deno.test("if a server does not say which, all that it used are meant", () => {
  const losses = new DeviceLosses([ONE, OTHER]);
  for (const device of [null, "RPC0"]) lose(losses, device);
  assert.deepEqual(left(losses), []);
});

Deno.test("no device is blamed for another end, or by a server that used none", () => {
  const losses = new DeviceLosses([ONE]);
  const main: ServerSpec = { ...SERVER, place: { kind: "main" } };
  for (let time = 0; time < 2; time++) {
    losses.add({ spec: SERVER, cause: cause(), readyMs: 0 });
    lose(losses, null, 0, main);
    lose(losses, null, 0, { ...WORKER, lends: "main" });
  }
  assert.deepEqual(left(losses), ["CUDA0"]);
});
