import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("legacy_abort_program.ts", import.meta.url));

async function warningsOf(...args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", PROGRAM, ...args] });
  return new TextDecoder().decode((await command.output()).stderr);
}

// Users saw a paragraph about Deno's inner workings in their terminal at the first answer.
Deno.test("silenceLegacyAbortWarning() drops Deno's warning about served signals, and no other", async () => {
  assert.match(await warningsOf(), /Deno\.serve: request\.signal aborts/, "Deno still warns");
  assert.equal(await warningsOf("silence"), "a warning of its own\n");
});
