import { hideArguments } from "./src/cli/config/hide_arguments.ts";
import { printOut } from "./src/cli/base/output.ts";
import { VERSION } from "./src/cli/base/version.ts";

// Answered before the parser is loaded: that takes longer than all the rest.
if (Deno.args.length === 1 && Deno.args[0] === "--version") {
  printOut(`${VERSION}\n`);
  Deno.exit(0);
}

// Before anything is loaded, so that they are to be seen for as short a time as can be.
hideArguments(Deno.args);

const { readRuntime, run } = await import("./src/cli/mod.ts");
// Exits even where a library left a timer or a socket behind.
Deno.exit(await run(Deno.args, readRuntime()));
