/** A machine whose loopback is down, as in a container that was cut off: a namespace of its own. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { checkLoopback } from "../../src/base/loopback.ts";
import { addNamespace, ip, randomSuffix, whyNoNamespaces } from "../support/namespaces.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { binDirOption, nodeTest } from "./mesh_of_nodes.ts";

const noNamespaces = await whyNoNamespaces();

Deno.test("checkLoopback() is content with this machine", () => checkLoopback());

const COMMANDS = {
  "a node": ["--model", "guide", "--port", "0", "--console-port", "0", ...binDirOption],
  "the console": ["console", "--port", "0", "--console-port", "0", ...binDirOption],
  "the first look at llama.cpp": ["engine", "show", ...binDirOption],
};

const NAME = "without a loopback everything that needs it says so at once";

async function refuseWithoutLoopback(): Promise<void> {
  const namespace = `mll-${randomSuffix()}`;
  await using _namespace = await addNamespace(namespace);
  await ip("-n", namespace, "link", "set", "lo", "down");
  for (const [what, args] of Object.entries(COMMANDS)) {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    const { code, stderr } = await runProgram([...args, "--data-dir", dataDir], { namespace });
    assert.equal(code, 1, what);
    assert.match(stderr, /^mesh-llm: Cannot reach this machine itself over 127\.0\.0\.1: .*lo up/);
    assert.doesNotMatch(stderr, /bug|os error/);
    await assert.rejects(Deno.stat(dataDir), Deno.errors.NotFound);
  }
}

if (noNamespaces === null) nodeTest(NAME, refuseWithoutLoopback);
else Deno.test.ignore(`${NAME} (${noNamespaces})`, refuseWithoutLoopback);
