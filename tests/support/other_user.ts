/** Another user of this machine. Only the administrator may act as one. */

/** `nobody`, on every system. */
export const OTHER_USER = 65_534;

const isAble = Deno.build.os === "linux" && Deno.uid() === 0;

/** A test that needs another user; ignored, with the reason in its name, where this one can't act as any. */
export function otherUserTest(name: string, fn: () => Promise<void>): void {
  const isOwed = Deno.build.os === "linux" && Deno.env.get("CI") === "true";
  if (isAble) Deno.test(name, fn);
  else if (isOwed) throw new Error(`Cannot test "${name}" as another user: run the tests as root`);
  else Deno.test.ignore(`${name} (needs root on Linux, to act as another user)`, () => {});
}

/** Runs a command as another user. @returns whether it succeeded */
export async function asOtherUser(command: string, ...args: string[]): Promise<boolean> {
  return (await run(command, args)).success;
}

/** The output of another user's shell. */
export async function saidToOtherUser(script: string): Promise<string> {
  return new TextDecoder().decode((await run("bash", ["-c", script])).stdout);
}

function run(command: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  const user = ["--reuid", `${OTHER_USER}`, "--regid", `${OTHER_USER}`, "--clear-groups"];
  return new Deno.Command("setpriv", {
    args: [...user, command, ...args],
    cwd: "/",
    stdin: "null",
    stderr: "null",
  }).output();
}

/** Runs something with a mask of its own for new files and folders. */
export async function withUmask<T>(mask: number, action: () => Promise<T>): Promise<T> {
  const before = Deno.umask(mask);
  try {
    return await action();
  } finally {
    Deno.umask(before);
  }
}

/** Every path below a folder that somebody else has a right to, with its mode. */
export async function openToOthers(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { mode } = await Deno.lstat(path);
    if (!isSymlink && ((mode ?? 0) & 0o077) !== 0) {
      found.push(`${path} ${((mode ?? 0) & 0o777).toString(8)}`);
    }
    if (isDirectory) found.push(...await openToOthers(path));
  }
  return found;
}
