import { printOut } from "./src/cli/output.ts";
import { VERSION } from "./src/cli/version.ts";

// Answered before the parser is loaded: that takes longer than all the rest.
if (Deno.args.length === 1 && Deno.args[0] === "--version") {
  printOut(`${VERSION}\n`);
  Deno.exit(0);
}

const { readRuntime, run } = await import("./src/cli/mod.ts");
// Exits even where a library left a timer or a socket behind.
Deno.exit(await run(Deno.args, readRuntime()));
