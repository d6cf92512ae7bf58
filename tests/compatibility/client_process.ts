/** The cases of one client in a process of its own, which this module also is. */

import type { Served } from "./case.ts";
import { CASES_APART } from "./cases.ts";

/** How one case ended at one server. */
interface Result {
  readonly feature: string;
  readonly url: string;
  /** `null` where it works. */
  readonly failure: string | null;
}

/** The longest that the cases of one client may take: one that hangs must not hold the test. */
const LIMIT_MS = 120_000;

/** Returns what fails, one text for each case at each server that has no good result. */
export async function failuresApart(client: string, servers: readonly Served[]): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", import.meta.filename!, client, JSON.stringify(servers)],
    // Agents tell OpenAI what they do, if they aren't told not to.
    env: { OPENAI_AGENTS_DISABLE_TRACING: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { code, stdout, stderr } = await child.output();
  const [printed, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const results = printed!.split("\n").flatMap(readResult);
  const features = CASES_APART.filter((one) => one.client === client).map(({ feature }) => feature);
  return servers.flatMap(({ url }) =>
    features.flatMap((feature) => {
      const result = results.find((one) => one.url === url && one.feature === feature);
      const failure = result === undefined
        ? `no result, exit code ${code}: ${told}`
        : result.failure;
      return failure === null ? [] : [`${client}, ${feature}, ${url}: ${failure}`];
    })
  );
}

/** A client may print lines of its own. */
function readResult(line: string): Result[] {
  return line.startsWith("{") ? [JSON.parse(line) as Result] : [];
}

if (import.meta.main) {
  const [client, servers = "[]"] = Deno.args;
  for (const served of JSON.parse(servers) as Served[]) {
    for (const { feature, run } of CASES_APART.filter((one) => one.client === client)) {
      const failure = await run(served).then(() => null, (error) => String(error.stack ?? error));
      await print({ feature, url: served.url, failure });
    }
  }
  // Timers and connections that the client has left would keep the process.
  Deno.exit();
}

async function print(result: Result): Promise<void> {
  const line = new Blob([`${JSON.stringify(result)}\n`]);
  await line.stream().pipeTo(Deno.stdout.writable, { preventClose: true });
}
