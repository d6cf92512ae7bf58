/** A real systemd of a user, apart from whatever runs this machine. Linux, as root. */

import { join } from "node:path";
import { aptInstall, exists } from "./debian.ts";
import { randomSuffix } from "./namespaces.ts";
import { type Outcome, temporaryFolder } from "./program.ts";

const SYSTEMD = "/lib/systemd/systemd";

/** A systemd of its own answers within a second. */
const LIMIT_MS = 30_000;

/** Why this machine has no programs of systemd, `null` where it has. On Linux CI there is no excuse: it throws there. */
export async function whyNoSystemd(): Promise<string | null> {
  return excused(
    Deno.build.os !== "linux"
      ? "systemd is Linux's"
      : await exists(SYSTEMD)
      ? null
      : await aptInstall("systemd"),
  );
}

/** The same of a systemd that runs. */
export async function whyNoUserSystemd(): Promise<string | null> {
  const reason = await whyNoSystemd();
  if (reason !== null) return reason;
  if (Deno.uid() !== 0) return excused("a systemd of its own needs root");
  const found = await exists("/usr/bin/dbus-daemon") ? null : await aptInstall("dbus");
  if (found !== null) return excused(found);
  try {
    await using _systemd = await startUserSystemd();
    return null;
  } catch (error) {
    return excused(String(error));
  }
}

function excused(reason: string | null): string | null {
  if (reason !== null && Deno.build.os === "linux" && Deno.env.get("CI") === "true") {
    throw new Error(reason);
  }
  return reason;
}

export interface UserSystemd extends AsyncDisposable {
  /** Of its user, with nothing in it but what a test puts there. */
  readonly home: string;
  /** Runs a command as its user has it in a terminal. */
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** The same, with pipes for what it says meanwhile. */
  start(command: readonly string[], env?: Readonly<Record<string, string>>): Deno.ChildProcess;
}

/**
 * Makes folders and cgroups as a machine has them that was started by systemd: systemd looks at them before it serves a user.
 * The journal is a real one, which knows a unit by the cgroup of the process that writes.
 */
const START = `
set -e
mount --make-rprivate /
mkdir -p /run/systemd /run/log
mount -t tmpfs tmpfs /run/systemd
mount -t tmpfs tmpfs /run/log
mkdir -p /run/systemd/system /run/systemd/journal /run/log/journal
if ! [ -s /etc/machine-id ]; then
  echo 0123456789abcdef0123456789abcdef > "$HOME/id"
  touch /etc/machine-id
  mount --bind "$HOME/id" /etc/machine-id
fi
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "$SLICE/$INNER"
echo $$ > "$SLICE/$INNER/cgroup.procs"
/lib/systemd/systemd-journald &
exec /lib/systemd/systemd --user --log-target=console
`;

/** Kills whatever was started in it, and takes the cgroups away. */
const END = `
echo 1 > "$SLICE/cgroup.kill"
until grep -q "populated 0" "$SLICE/cgroup.events"; do sleep 0.05; done
find "$SLICE" -depth -type d -exec rmdir {} \\;
`;

/** Resolves once it answers. It ends, with all that it has started, when it is disposed. */
export async function startUserSystemd(): Promise<UserSystemd> {
  const folder = await temporaryFolder();
  const home = join(folder.path, "home");
  const runtime = join(folder.path, "run");
  for (const path of [home, runtime]) await Deno.mkdir(path, { mode: 0o700 });
  const inner = `user.slice/user-0.slice/user@0.service`;
  const slice = `/sys/fs/cgroup/mesh_llm_${randomSuffix()}.slice`;
  const env = {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    SLICE: slice,
    INNER: inner,
  };
  const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const systemd = new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", START],
    env,
    clearEnv: true,
    ...output,
  }).spawn();
  const start = (command: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    new Deno.Command("nsenter", {
      args: ["--mount", "--target", String(systemd.pid), "--", ...command],
      env: { ...env, ...more },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const run: UserSystemd["run"] = (command, more) => outcomeOf(start(command, more));
  const end = async () => {
    await run(["sh", "-c", END]);
    await systemd.status;
    await folder[Symbol.asyncDispose]();
  };
  const limit = AbortSignal.timeout(LIMIT_MS);
  let last = "";
  while (last.trim() !== "running") {
    if (limit.aborted) {
      systemd.kill("SIGKILL");
      await end();
      throw new Error(`systemd --user does not run here: ${last}`);
    }
    const { stdout, stderr } = await run(["systemctl", "--user", "is-system-running"]);
    last = stdout + stderr;
  }
  return { home, run, start, [Symbol.asyncDispose]: end };
}

async function outcomeOf(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
