/**
 * `deno run -A scripts/release/start.ts EXECUTABLE`: starts an executable in an empty folder, with an empty home and
 * nothing on PATH. It has to find all its parts in itself.
 */

import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { complain, run, say } from "../run.ts";

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly found: string;
}

/** Sentences about what does not work. */
export async function faultsOfStart(executable: string, version: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "mesh-llm-start-" });
  try {
    const alone = join(folder, "mesh-llm");
    await Deno.copyFile(executable, alone);
    await Deno.chmod(alone, 0o755);
    const env = { HOME: folder, PATH: folder };
    const ask = async (...args: string[]) =>
      (await run(alone, args, { cwd: folder, env, output: "capture" })).stdout;
    const faults: string[] = [];
    const told = (await ask("--version")).trim();
    if (told !== version) faults.push(`--version answers ${JSON.stringify(told)}, not ${version}`);
    if (!(await ask("--help")).includes("Usage: mesh-llm")) faults.push("--help has no usage");
    const { findings } = JSON.parse(await ask("doctor", "--json")) as { findings: Finding[] };
    // Of a machine without llama.cpp the rest may be as it likes.
    const quic = findings.find(({ check }) => check === "QUIC");
    if (quic?.level !== "ok") faults.push(`QUIC: ${quic?.found ?? "nothing is told of it"}`);
    return faults;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [path = "dist/mesh-llm"] = Deno.args;
  const faults = await faultsOfStart(resolve(path), manifest.version);
  for (const fault of faults) complain(fault);
  if (faults.length > 0) Deno.exit(1);
  say(`${path} starts in an empty folder`);
}
