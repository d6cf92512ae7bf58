/** `deno task ok`: the gate and the unit tests, all of them, and at the end the list of what failed. */

import { runGate } from "./gate.ts";
import { complain, run, say } from "./run.ts";

if (Deno.args.length > 0) {
  complain(`The gate takes no arguments, and was given: ${Deno.args.join(" ")}`);
  Deno.exit(2);
}

const failed = await runGate();
for (const { command, text } of failed) complain(`\n$ ${command}\n${text}`);
const unit = await run(Deno.execPath(), ["run", "-A", "scripts/test.ts", "--unit"], {
  output: "inherit",
});
const names = [...failed.map(({ name }) => name), ...(unit.success ? [] : ["unit tests"])];
say(names.length === 0 ? "\nok" : `\nNot ok: ${names.join(", ")}`);
Deno.exit(names.length === 0 ? 0 : 1);
