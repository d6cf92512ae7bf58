import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { childFilePath } from "../../src/engine/process/child_file.ts";
import { identify, isRunning } from "../../src/engine/process/process_identity.ts";
import { NODE_DEFAULTS, withChanges } from "../../src/node/config.ts";
import { prepareLocal } from "../../src/node/create_active.ts";
import { KeptChoices } from "../../src/node/data/kept_choices.ts";
import { KeptSettings } from "../../src/node/data/kept_settings.ts";
import { engineOrReason, engineTest } from "../support/engine.ts";
import { temporaryFolder } from "../support/program.ts";

const MIB = 1024 * 1024;

/** Real but for its list of devices: a card whose memory a process has until it ends. */
function serverWithCard(llamaServer: string, pid: number): string {
  return `#!/bin/sh
if [ "$1" = --list-devices ]; then
  free=16000
  kill -0 ${pid} 2> /dev/null && free=100
  echo "  CUDA0: A card (16384 MiB, $free MiB free)"
  exit
fi
exec '${llamaServer}' "$@"
`;
}

engineTest(
  await engineOrReason(),
  "a node offers the memory that a server of its last run gives back",
  async ({ llamaServer, rpcServer }) => {
    await using folder = await temporaryFolder();
    const [binDir, dataDir] = [join(folder.path, "bin"), join(folder.path, "data")];
    for (const dir of [binDir, dataDir]) await Deno.mkdir(dir);
    // As a server whose driver takes a while to let go.
    const slow = 'trap "sleep 1; exit" TERM; echo; while :; do sleep 0.05; done';
    const left = new Deno.Command("sh", { args: ["-c", slow], stdout: "piped" }).spawn();
    const output = left.stdout.getReader();
    await output.read();
    const identity = await identify(left.pid);
    assert.ok(identity !== undefined);
    const children = [{ ...identity, name: "llama-server" }];
    await Deno.writeTextFile(childFilePath(dataDir), JSON.stringify({ children }));
    const fake = serverWithCard(llamaServer, left.pid);
    await Deno.writeTextFile(join(binDir, "llama-server"), fake, { mode: 0o755 });
    await Deno.symlink(rpcServer, join(binDir, "rpc-server"));
    const config = { ...NODE_DEFAULTS, dataDir, name: "ann" };
    const { memory } = await prepareLocal(withChanges(config, { engine: { binDir } }), {
      logger: getLogger("test"),
      signal: new AbortController().signal,
      executableDir: folder.path,
      path: undefined,
      home: null,
      kept: await KeptChoices.open(dataDir),
      keptSettings: await KeptSettings.open(dataDir, { warn: assert.fail }),
    });
    assert.ok(!await isRunning(identity));
    assert.equal(memory.devices[0]?.offeredBytes, 16_000 * MIB);
    await output.cancel();
    await left.status;
  },
);
