import { fromRoot } from "../run.ts";
import { readLines } from "./transport/lines.ts";

/** A process that measures, and speaks by lines. */
export function startProcess(script: string, args: readonly string[]) {
  // A process that trusts authorities of its own makes no connections of the wide lane.
  Deno.env.delete("NODE_EXTRA_CA_CERTS");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", fromRoot(script), ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = readLines(child.stdout);
  return {
    async nextLine(): Promise<string> {
      const { value } = await lines.next();
      if (value !== undefined) return value;
      throw new Error(`The measuring process "${args.join(" ")}" ended without a result`);
    },
    write: (line: string) => input.write(new TextEncoder().encode(`${line}\n`)),
    async [Symbol.asyncDispose](): Promise<void> {
      await input.close().catch(() => undefined);
      await lines.return(undefined);
      await child.status;
    },
  };
}
