/** A real logind on a bus of its own, which says who holds off sleep. Linux, as root. */

import { isDeepStrictEqual } from "node:util";
import { aptInstall, exists } from "./debian.ts";
import { temporaryFolder } from "./program.ts";

const LOGIND = "/lib/systemd/systemd-logind";

/** It answers within 50 ms of its start. */
const LIMIT_MS = 20_000;

type Env = Record<string, string>;

const PROGRAMS = [
  ["/usr/bin/dbus-daemon", "dbus"],
  [LOGIND, "systemd"],
] as const;

export interface Logind extends AsyncDisposable {
  /** Leads a process to this logind. */
  readonly env: Env;
  /** Resolves once these hold off sleep, each as `who: what`, and nobody else. */
  heldBy(...holders: string[]): Promise<void>;
}

/** Why this machine has no logind to try, `null` where it has. On Linux CI there is no excuse: it throws there. */
export async function whyNoLogind(): Promise<string | null> {
  const reason = await reasonAgainst();
  if (reason !== null && Deno.build.os === "linux" && Deno.env.get("CI") === "true") {
    throw new Error(reason);
  }
  return reason;
}

async function reasonAgainst(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "logind is Linux's";
  if (Deno.uid() !== 0) return "a logind of its own needs root";
  for (const [path, name] of PROGRAMS) {
    const problem = await exists(path) ? null : await aptInstall(name);
    if (problem !== null) return problem;
  }
  return null;
}

/** Resolves once it answers. It ends when it is disposed. */
export async function startLogind(): Promise<Logind> {
  const folder = await temporaryFolder();
  const address = `unix:path=${folder.path}/bus`;
  const env = { DBUS_SYSTEM_BUS_ADDRESS: address };
  const args = ["--session", `--address=${address}`, "--nofork", "--nopidfile", "--print-address"];
  const bus = new Deno.Command("dbus-daemon", { args, stdout: "piped", stderr: "null" }).spawn();
  // It prints its address when it listens.
  const output = bus.stdout.getReader();
  await output.read();
  const logind = new Deno.Command(LOGIND, { env, stdout: "null", stderr: "null" }).spawn();
  await untilHeldBy(env, []);
  return {
    env,
    heldBy: (...expected) => untilHeldBy(env, expected),
    async [Symbol.asyncDispose]() {
      for (const child of [logind, bus]) {
        child.kill("SIGTERM");
        await child.status;
      }
      await output.cancel();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function untilHeldBy(env: Env, expected: readonly string[]): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  let last: unknown;
  while (!isDeepStrictEqual(last, expected)) {
    if (limit.aborted) throw new Error(`Sleep is held off by ${last}, not by ${expected}`);
    last = await holders(env).catch(String);
  }
}

async function holders(env: Env): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command("busctl", {
    args: [
      ...["--json=short", "call", "org.freedesktop.login1", "/org/freedesktop/login1"],
      ...["org.freedesktop.login1.Manager", "ListInhibitors"],
    ],
    env,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  const { data: [inhibitors] } = JSON.parse(decoder.decode(stdout));
  return inhibitors.map(([what, who]: [string, string]) => `${who}: ${what}`);
}
