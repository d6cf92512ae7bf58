import assert from "node:assert/strict";
import { type Program, programCommand } from "./program.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Enough for any answer here on a busy machine; a test that waits longer has failed. */
const TERMINAL_LIMIT_MS = 20_000;

/** The program as it is typed into a terminal, and what it writes there. */
export interface Terminal extends AsyncDisposable {
  type(keys: string): void;
  /** Resolves to all that came since the last call. */
  until(wanted: RegExp): Promise<string>;
  /** The exit code. */
  exited(): Promise<number>;
}

/** The program in a pseudo-terminal, which `script` makes. */
export function openTerminal(
  words: readonly string[],
  home: string,
  { namespace, compiled, cwd }: Pick<Program, "namespace" | "compiled" | "cwd"> = {},
): Terminal {
  const run = compiled === undefined ? [Deno.execPath(), "run", "-A", "--quiet", MAIN] : [compiled];
  const args = [...run, ...words];
  const command = Deno.build.os === "darwin"
    ? ["-q", "/dev/null", ...args]
    : ["-qefc", args.map((word) => `'${word}'`).join(" "), "/dev/null"];
  const env = { TERM: "xterm", NO_COLOR: "1" };
  const program = {
    compiled: "script",
    env,
    stdin: "piped",
    ...(namespace === undefined ? {} : { namespace }),
    ...(cwd === undefined ? {} : { cwd }),
  } as const;
  const child = programCommand(command, program, home).spawn();
  const told = new Response(child.stderr).text();
  const limit = setTimeout(() => child.kill("SIGKILL"), TERMINAL_LIMIT_MS);
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  return {
    type: (keys: string) => void input.write(new TextEncoder().encode(keys)),
    until: async (wanted: RegExp) => {
      while (!wanted.test(seen)) {
        const { value, done } = await output.read();
        assert.ok(!done, JSON.stringify(seen));
        seen += value;
      }
      const found = seen;
      seen = "";
      return found;
    },
    exited: async () => {
      while (!(await output.read()).done);
      return (await child.status).code;
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(limit);
      await input.close().catch(() => {}); // the program has ended
      await output.cancel();
      await Promise.all([child.status, told]);
    },
  };
}
