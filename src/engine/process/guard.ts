import { dirname } from "node:path";
import { GUARD_GRACE_S, OUTPUT_LINGER_MS, WATCHER_CHECK_MS } from "../base/defaults.ts";
import { OutputPump } from "../output/output_pump.ts";

/**
 * A shell between the node and its child. The node holds the shell's stdin as a pipe, and the kernel
 * closes it however the node ends: the watcher then ends the child. Nobody but the watcher holds the
 * other end of that pipe, so a node that can't write to it any more knows that the watcher is gone.
 * The first line on stdout is the child's pid, written before the child can write anything. Signals
 * go to the shell, which knows whether its child still is the process of that pid; the child's exit
 * status becomes the shell's. Only what dash and the shell of macOS both know is used: `read` is a
 * builtin, so the watcher is no further process, and it holds none of the child's output open.
 */
const GUARD = `
child=; early=
trap 'early=TERM; test -z "$child" || kill -TERM "$child"' HUP INT TERM
trap 'early=KILL; test -z "$child" || kill -KILL "$child"' USR1
exec 3<&0
/bin/sh -c 'echo "$$"; exec "$@"' sh "$@" </dev/null 3<&- &
child=$!
test -z "$early" || kill "-$early" "$child"
( while read -r line; do :; done <&3
  kill -TERM "$child"; sleep ${GUARD_GRACE_S}; kill -KILL "$child" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&- </dev/null
while wait "$child"; status=$?; test "$status" -gt 128 && kill -0 "$child" 2>/dev/null; do :; done
kill -KILL "$watcher" 2>/dev/null; wait "$watcher" 2>/dev/null
exit "$status"
`;

export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Called with each piece of output; the bytes are valid only until it resolves. The child waits while the last one
   * is not dealt with.
   */
  readonly onOutput: (from: "stdout" | "stderr", bytes: Uint8Array) => void | Promise<void>;
  /** Called once where nothing would end the child with its node any more. It is for the caller to end it. */
  readonly onUnwatched?: () => void;
}

export interface GuardedChild {
  /** Resolves once the child runs; `null` where it never did. */
  readonly pid: Promise<number | null>;
  /** SIGTERM, once the child runs. Neither this nor `kill` ever reaches another process, however late it comes. */
  terminate(): void;
  /** SIGKILL. */
  kill(): void;
  /**
   * Resolves when the shell is gone and the output was dealt with. 128 + n if signal n ended the child. If somebody
   * killed the shell the child may outlive it, so the caller has to check.
   */
  readonly exitCode: Promise<number>;
}

/**
 * Starts a process that outlives this one by no more than 3 s, even when this one is killed with -9.
 * It gets a session of its own, so that Ctrl-C reaches the node only, which then stops it in order.
 */
export function spawnGuarded(guarded: GuardedCommand): GuardedChild {
  const { command, args, env, onOutput, onUnwatched = () => {} } = guarded;
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", GUARD, "mesh-llm-guard", command, ...args],
    // llama.cpp loads backends from its working directory, so that must not be just anybody's.
    cwd: dirname(command),
    ...(env === undefined ? {} : { env: { ...env } }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const pid = Promise.withResolvers<number | null>();
  const onStdout = afterFirstLine(
    (line) => pid.resolve(Number(line)),
    (bytes) => onOutput("stdout", bytes),
  );
  const pumps = [
    new OutputPump(shell.stdout, onStdout),
    new OutputPump(shell.stderr, (bytes) => onOutput("stderr", bytes)),
  ];
  const watcher = new WatcherCheck(shell.stdin, () => {
    // The shell ends its watcher just before it ends itself.
    const unwatched = setTimeout(onUnwatched, WATCHER_CHECK_MS);
    void shell.status.then(() => clearTimeout(unwatched));
  });
  const exitCode = (async () => {
    const { code } = await shell.status;
    pid.resolve(null);
    pumps.forEach((pump) => pump.hurry());
    const linger = setTimeout(() => pumps.forEach((pump) => pump.cancel()), OUTPUT_LINGER_MS);
    await Promise.all(pumps.map((pump) => pump.ended));
    clearTimeout(linger);
    await watcher.close();
    return code;
  })();
  // A child that has not said its pid may still be a fork of the shell, which takes a signal and does nothing.
  const signalChild = (signal: Deno.Signal) =>
    void pid.promise.then(() => signalShell(shell, signal));
  return {
    pid: pid.promise,
    exitCode,
    terminate: () => signalChild("SIGTERM"),
    kill: () => {
      // A shell that somebody has stopped as well would pass nothing on.
      signalChild("SIGCONT");
      signalChild("SIGUSR1");
    },
  };
}

/** Says something to the watcher every now and then: the kernel tells when nobody is there to hear it. */
class WatcherCheck {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(stdin: WritableStream<Uint8Array>, onGone: () => void) {
    this.#writer = stdin.getWriter();
    const word = new TextEncoder().encode("\n");
    this.#timer = setInterval(() => {
      this.#writer.write(word).catch(() => {
        clearInterval(this.#timer);
        onGone();
      });
    }, WATCHER_CHECK_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writer.close().catch(() => {}); // the watcher is gone already
  }
}

function signalShell(shell: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    shell.kill(signal);
  } catch (error) {
    // It has ended, and the child before it.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Splits off the first line of a stream. */
function afterFirstLine(
  onLine: (line: string) => void,
  onRest: (bytes: Uint8Array) => void | Promise<void>,
): (bytes: Uint8Array) => void | Promise<void> {
  const decoder = new TextDecoder();
  let line: string | null = "";
  return (bytes) => {
    if (line === null) return onRest(bytes);
    const end = bytes.indexOf(0x0a);
    line += decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
    if (end === -1) return;
    onLine(line);
    line = null;
    if (end + 1 < bytes.length) return onRest(bytes.subarray(end + 1));
  };
}
