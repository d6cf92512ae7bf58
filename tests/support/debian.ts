/** The packages that tests need of the system and may install themselves: on Debian, as root. */

import { tmpdir } from "node:os";
import { join } from "node:path";

/** A sentence where the package can't be had, `null` where it is installed now. */
export async function aptInstall(name: string): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !await exists("/etc/debian_version")) {
    return `${name} is not installed`;
  }
  // Test files run beside each other, and apt-get refuses where another one is at work.
  using lock = await Deno.open(join(tmpdir(), "mesh-llm-tests-apt.lock"), {
    write: true,
    create: true,
  });
  await lock.lock(true);
  return await aptGet("update") ?? await aptGet("install", "-y", "--no-install-recommends", name);
}

/** Whether a program is there and succeeds. A command throws at once, and no promise rejects, where there is none. */
export async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether there is a program, if need be by its package. @throws on CI where it can't be had. */
export async function hasTool(name: string, ...args: string[]): Promise<boolean> {
  const problem = await succeeds(name, ...args) ? null : await aptInstall(name);
  if (problem !== null && Deno.env.get("CI") === "true") throw new Error(problem);
  return problem === null;
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
