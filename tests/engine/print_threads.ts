/** Prints how many threads llama.cpp gets, for tests that start it where a process may use less of the machine. */

import { machineThreads } from "../../src/engine/mod.ts";

Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(await machineThreads())));
