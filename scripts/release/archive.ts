/** Archives whose bytes depend on what is in them and on the commit, and on nothing else of the machine. */

import { run } from "../run.ts";
import { ReleaseError } from "./release_error.ts";

/** GNU tar: the order of the names, the owner, the modes and the times are those of the release, not of the disk. */
const SAME_EVERYWHERE = [
  "--sort=name",
  "--owner=0",
  "--group=0",
  "--numeric-owner",
  "--mode=u+rw,go=rX",
  "--format=ustar",
];

export interface ArchiveOptions {
  /** Holds `name`. */
  readonly folder: string;
  /** Of the folder that is packed. */
  readonly name: string;
  readonly output: string;
  /** The time of every entry, in seconds since the epoch. */
  readonly timeS: number;
  /** Of gzip, 1 to 9. @default {6, for 9 takes 2.6 times as long and saves half a percent} */
  readonly level?: number;
}

/** @throws {ReleaseError} */
export async function makeArchive(
  { folder, name, output, timeS, level = 6 }: ArchiveOptions,
): Promise<void> {
  // Without a name and a time in gzip's own header.
  const options = [`--mtime=@${timeS}`, `--use-compress-program=gzip -n${level}`];
  const args = [...SAME_EVERYWHERE, ...options, "-cf", output, "-C", folder, name];
  const env = { LC_ALL: "C", GZIP: "" };
  const { success, text } = await run("tar", args, { env, output: "capture" });
  if (success) return;
  throw new ReleaseError(`Could not pack ${name}: ${text.trim()} (it takes GNU tar, of Linux)`);
}

/** Of the commit that is checked out: two machines pack the same. SOURCE_DATE_EPOCH stands for it where there is no git. */
export async function commitTimeS(): Promise<number> {
  const named = Number(Deno.env.get("SOURCE_DATE_EPOCH") || NaN);
  if (Number.isSafeInteger(named)) return named;
  const { success, stdout } = await run("git", ["log", "-1", "--format=%ct"], {
    output: "capture",
  });
  if (success) return Number(stdout.trim());
  throw new ReleaseError("Not a git checkout: set SOURCE_DATE_EPOCH to the time of the release");
}
