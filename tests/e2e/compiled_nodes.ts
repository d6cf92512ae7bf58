/** Tests of the executable. */

import { compiledProgram } from "../support/compiled.ts";
import { nodeTest } from "./mesh_of_nodes.ts";

const compiled = await compiledProgram();

/** Ignored where no base executable for `deno compile` can be had. */
export const compiledTest = compiled.path === null
  ? (name: string, fn: (path: string) => Promise<void>) =>
    Deno.test.ignore(`${name} (${compiled.reason})`, () => fn(""))
  : (name: string, fn: (path: string) => Promise<void>) => nodeTest(name, () => fn(compiled.path));
