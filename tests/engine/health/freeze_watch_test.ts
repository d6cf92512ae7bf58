/** Servers that live and do nothing any more: real ones, stopped by a signal as a driver that hangs stops them. */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { CHECK_INTERVAL_MS, SILENT_PATIENCE_MS } from "../../../src/engine/base/defaults.ts";
import type { Engine, ManagedServer, ServerSpec } from "../../../src/engine/mod.ts";
import { identify, isRunning } from "../../../src/engine/process/process_identity.ts";
import { cachedBallast } from "../../support/ballast.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import answers from "../../support/guide_answers.json" with { type: "json" };
import { listProcesses } from "../../support/processes.ts";
import { ask, GUIDE, request, solo, stateOf, supervising } from "../supervising.ts";

const found = await engineOrReason();

interface Freeze {
  readonly before: (server: ManagedServer) => Promise<unknown>;
  readonly meanwhile?: (server: ManagedServer) => Promise<unknown>;
}

/** Freezes a server of its own; resolves with it once that was noticed and the process is gone. */
async function freezing(engine: Engine, spec: ServerSpec, { before, meanwhile }: Freeze) {
  const parts = await supervising(engine);
  const server = parts.supervisor.launch(spec, { restart: true });
  await before(server);
  assert(server.pid);
  const process = await identify(server.pid);
  assert(process);
  Deno.kill(server.pid, "SIGSTOP");
  const asked = meanwhile?.(server);
  assert.match((await stateOf(server, "frozen")).reason, /a signal has stopped it/);
  const failed = await stateOf(server, "failed");
  assert.match(failed.frozen ?? "", /a signal has stopped it/);
  assert.notEqual(failed.retryAtMs, null);
  assert.equal(await isRunning(process), false);
  await asked;
  return Object.assign(parts, { server });
}

/** Frozen while it answers. */
async function answering(engine: Engine): Promise<void> {
  await using frozen = await freezing(engine, solo, {
    before: (server) => server.ready(),
    meanwhile: (server) => assert.rejects(ask(server, "hello")),
  });
  assert.equal(await ask(frozen.server, "hello"), answers.hello);
}

async function loading(engine: Engine): Promise<void> {
  const modelPath = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
  await using frozen = await freezing(engine, { ...solo, modelPath }, {
    async before(server) {
      while (server.pid === null) await delay(1);
    },
  });
  assert.equal(await ask(frozen.server, "hello"), answers.hello);
}

async function withItsGuard(engine: Engine): Promise<void> {
  await using frozen = await freezing(engine, { kind: "rpc-server", modelPath: GUIDE }, {
    async before(server) {
      await server.ready();
      const guard = (await listProcesses()).find(({ pid }) => pid === server.pid)?.parent;
      assert(guard);
      Deno.kill(guard, "SIGSTOP");
    },
  });
  await frozen.server.ready();
}

engineTest(
  found,
  "a server that is frozen, while it answers or loads or with its guard, is ended and started again",
  async (engine) => {
    await Promise.all([answering(engine), loading(engine), withItsGuard(engine)]);
  },
);

engineTest(
  found,
  "neither who reads a long prompt for a split is frozen, nor who waits for it",
  async (engine) => {
    await using parts = await supervising(engine);
    const worker = parts.supervisor.launch({ kind: "rpc-server", modelPath: null }, {
      restart: true,
    });
    const modelPath = cachedBallast({ layers: 10, sizeBytes: 400_000_000 });
    const split = [{ rpcPort: await worker.ready(), share: 1 }];
    const host = parts.supervisor.launch({ ...solo, modelPath, split }, { restart: false });
    const port = await host.ready();
    const patientUntilMs = performance.now() + CHECK_INTERVAL_MS + SILENT_PATIENCE_MS;
    for (let read = 0; performance.now() < patientUntilMs; read++) {
      // Another start each time, so that nothing of it was read before.
      const messages = [{ role: "user", content: `${read} what is a mesh? what is a mesh?` }];
      const response = await request(host, port, { messages, temperature: 0, max_tokens: 1 });
      assert.equal((await response.json()).choices.length, 1);
    }
    assert.equal(parts.supervisor.restarts.size, 0);
  },
);
