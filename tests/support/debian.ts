/** The packages that tests need of the system and may install themselves: on Debian, as root. */

/** A sentence where the package can't be had, `null` where it is installed now. */
export async function aptInstall(name: string): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !await exists("/etc/debian_version")) {
    return `${name} is not installed`;
  }
  return await aptGet("update") ?? await aptGet("install", "-y", "--no-install-recommends", name);
}

/** A sentence where apt-get can't be run or fails, `null` where it did its work. */
async function aptGet(...args: string[]): Promise<string | null> {
  const child = new Deno.Command("apt-get", {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  });
  const { success, stderr } = await child.output();
  if (success) return null;
  const tail = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return `apt-get ${args[0]} failed: ${tail}`;
}

/** Whether there is such a file. */
export async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
